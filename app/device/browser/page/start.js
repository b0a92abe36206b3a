// The page around the notebook: one window at a time, every file kept by the service worker before anything starts,
// then Python (in its worker) and Flutter side by side.
'use strict';

const ENGLISH = !/^zh\b/i.test(navigator.language || 'zh');
const say = (chinese, english) => (ENGLISH ? english : chinese);
const start = document.getElementById('start');
const told = document.getElementById('told');
const again = document.getElementById('again');
const loaded = document.getElementById('loaded');

function tell(words, button, act) {
  loaded.hidden = true;
  told.textContent = words;
  again.hidden = !button;
  again.textContent = button || '';
  again.onclick = act || null;
}

// What Flutter itself would choose (flutter_bootstrap.js); said here, because only that renderer's files are kept.
function renderer() {
  const gc = WebAssembly.validate(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 95, 1, 120, 0]));
  const canvas = document.createElement('canvas');
  const drawn = canvas.getContext('webgl2') || canvas.getContext('webgl');
  const blink = navigator.vendor === 'Google Inc.' && typeof ImageDecoder !== 'undefined' &&
    typeof Intl.v8BreakIterator !== 'undefined' && typeof Intl.Segmenter !== 'undefined';
  return gc && drawn && blink ? 'skwasm' : 'canvaskit';
}

// ---- the worker that runs Python

const python = {
  worker: null,
  toFlutter: null,
  early: [],
  listeners: [],
  begin() {
    this.worker = new Worker('/python-worker.js', { type: 'module' });
    this.running = new Promise((resolve, reject) => {
      this.worker.onmessage = ({ data }) => {
        if (data instanceof Uint8Array) {
          if (this.toFlutter) this.toFlutter(data); else this.early.push(data);
        } else if (data.kind === 'running') resolve();
        else if (data.kind === 'failed') reject(new Error(data.why));
        else this.listeners.forEach((listener) => listener(data));
      };
      this.worker.onerror = (event) => reject(new Error(event.message || 'worker'));
    });
    this.running.catch((error) => failed(error));
    this.worker.postMessage({ kind: 'begin', address: location.href });
    // The branch's QR code opens <server>/#bind?… (sync/binding.py): made the program's first route, which it takes out
    // of the address itself.
    if (location.hash.startsWith('#bind?')) history.replaceState(null, '', `/#/${location.hash.slice(1)}`);
  },
  tell(message) { if (this.worker) this.worker.postMessage(message); },
};

// What Flet's client calls (its own python.js has the same three names).
globalThis.jsConnect = async (id, args, receive) => {
  await python.running;
  python.toFlutter = receive;
  python.early.splice(0).forEach(receive);
};
globalThis.jsSend = async (id, data) => python.worker.postMessage(data, [data.buffer]);
globalThis.jsDisconnect = async () => { python.toFlutter = null; };

function failed(error) {
  console.error(error);
  document.body.append(start);
  start.classList.remove('leaving');
  tell(say('外访没有启动。本机的记录都在，没有丢失。请再试一次；仍不行时请告诉机构。',
    'Waifang did not start. All records on this phone are kept. Try again, and tell the branch if it stays.'),
  say('再试一次', 'Try again'), () => location.reload());
}

// ---- Flutter

function showFlutter() {
  globalThis.flet = {
    pyodide: true, multiView: false, noCdn: true, webSocketEndpoint: '/ws', entrypointBaseUrl: '/', assetBase: '/',
    routeUrlStrategy: 'hash', canvasKitBaseUrl: '/canvaskit/', fontFallbackBaseUrl: 'assets/fonts/',
    pyodideUrl: '/pyodide/pyodide.mjs', webRenderer: renderer(), appPackageUrl: 'app.tar',
  };
  flet.flutterAppLoaded = new Promise((resolve) => { flet.flutterAppResolve = resolve; });
  addEventListener('flutter-first-frame', () => {
    // The page gets its name with the program's first screen; before it Flutter draws an empty frame.
    document.title = '';
    const leave = () => { start.classList.add('leaving'); setTimeout(() => start.remove(), 150); };
    const named = () => document.title && (watch.disconnect(), setTimeout(leave, 300));
    const watch = new MutationObserver(named);
    watch.observe(document.head, { subtree: true, childList: true, characterData: true });
  }, { once: true });
  const script = document.createElement('script');
  script.src = 'flutter_bootstrap.js';
  document.body.append(script);
}

// ---- the service worker, which keeps every file on this phone

function keeping(registration) {
  const worker = registration.installing || registration.waiting;
  if (!worker || worker.state === 'activated') return Promise.resolve();
  return new Promise((resolve, reject) => {
    worker.addEventListener('statechange', () => {
      if (worker.state === 'activated') resolve();
      if (worker.state === 'redundant') reject(new Error('files'));
    });
  });
}

function controlled() {
  if (navigator.serviceWorker.controller) return Promise.resolve();
  return new Promise((resolve) => {
    navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true });
    navigator.serviceWorker.ready.then((r) => r.active.postMessage({ kind: 'claim' }));
  });
}

async function keepFiles() {
  const script = `/sw.js?renderer=${renderer()}`;
  navigator.serviceWorker.addEventListener('message', ({ data }) => {
    if (data.kind === 'kept') {
      loaded.hidden = false;
      loaded.value = data.bytes / data.of;
      told.textContent = say(`正在下载，只此一次：${(data.bytes / 1048576).toFixed(1)} / ${(data.of / 1048576).toFixed(1)} MB`,
        `Downloading, only this once: ${(data.bytes / 1048576).toFixed(1)} of ${(data.of / 1048576).toFixed(1)} MB`);
    }
    if (data.kind === 'newer') python.tell({ kind: 'newer', build: data.build });
  });
  if (navigator.serviceWorker.controller) {
    navigator.serviceWorker.register(script, { updateViaCache: 'none' }).then(look, () => {});
    return;
  }
  const registration = await navigator.serviceWorker.register(script, { updateViaCache: 'none' });
  await keeping(registration);
  await controlled();
  loaded.hidden = true;
  told.textContent = '';
}

// A newer build is looked for when the network is back and when the app is taken up again, not at every start alone.
function look(registration) {
  const update = () => { if (navigator.onLine && !document.hidden) registration.update().catch(() => {}); };
  addEventListener('online', update);
  document.addEventListener('visibilitychange', update);
  toServiceWorker({ kind: 'newer?' });
}

function toServiceWorker(message) {
  navigator.serviceWorker.ready.then((registration) => registration.active.postMessage(message));
}

python.listeners.push(async (message) => {
  if (message.kind === 'opened') toServiceWorker({ kind: 'opened' });
  if (message.kind === 'switch') {
    navigator.serviceWorker.addEventListener('message', ({ data }) => {
      if (data.kind === 'switched') location.reload();
    });
    toServiceWorker({ kind: 'switch' });
  }
  if (message.kind === 'persist') {
    const kept = navigator.storage && navigator.storage.persist ? await navigator.storage.persist() : false;
    python.tell({ kind: 'persisted', kept });
  }
});
addEventListener('online', () => python.tell({ kind: 'network', on: true }));
addEventListener('offline', () => python.tell({ kind: 'network', on: false }));
document.addEventListener('visibilitychange', () => python.tell({ kind: 'visible', on: !document.hidden }));

// WebKit brings a page back from its back/forward cache without redrawing; a new start is quick and loses nothing.
addEventListener('pageshow', (event) => {
  if (event.persisted && navigator.vendor && navigator.vendor.startsWith('Apple')) location.reload();
});

// ---- the order of things

async function begin() {
  if (!isSecureContext || !navigator.serviceWorker || !globalThis.crypto?.subtle || !navigator.locks) {
    tell(say('这个地址的连接没有受到保护，浏览器因此不允许保存和加密。请用 https:// 开头的地址打开；没有的话请向机构要。',
      'This address is not protected, so the browser allows no storage and no encryption. Open it with https:// in front; ask the branch for that address.'));
    return;
  }
  await new Promise((resolve) => {
    navigator.locks.request('waifang', { ifAvailable: true }, (lock) => {
      if (!lock) {
        tell(say('外访已在另一个窗口打开。请回到那个窗口，或先关掉它。什么都没有丢失。',
          'Waifang is open in another window already. Go on there, or close it first. Nothing is lost.'),
        say('再试一次', 'Try again'), () => location.reload());
        return null;
      }
      resolve();
      return new Promise(() => {}); // held for as long as this page lives
    });
  });
  try {
    await keepFiles();
  } catch (error) {
    console.error(error);
    tell(say('没有下载完整。请在有网络的地方再试一次。', 'The download was not complete. Try again where there is a network.'),
      say('再试一次', 'Try again'), () => location.reload());
    return;
  }
  python.begin();
  showFlutter();
}
begin();
