// The page around the notebook: one window at a time, every file kept by the service worker before anything starts,
// then Python (in its worker) and Flutter side by side.
'use strict';

const ENGLISH = !/^zh\b/i.test(navigator.language || 'zh');
const say = (chinese, english) => (ENGLISH ? english : chinese);
const start = document.getElementById('start');
const ANSWERS_WITHIN_MS = 10000;
const told = document.getElementById('told');
const again = document.getElementById('again');
const later = document.getElementById('later');
const loaded = document.getElementById('loaded');

function tell(words, button, act, other, decline) {
  loaded.hidden = true;
  told.textContent = words;
  for (const [place, label, tapped] of [[again, button, act], [later, other, decline]]) {
    place.hidden = !label;
    place.textContent = label || '';
    place.onclick = tapped || null;
  }
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
  said: [],
  listeners: [],
  begin() {
    this.worker = new Worker('/python-worker.js', { type: 'module' });
    this.running = new Promise((resolve, reject) => {
      this.worker.onmessage = ({ data }) => {
        if (data instanceof Uint8Array) {
          if (this.toFlutter) this.toFlutter(data); else this.early.push(data);
        } else if (data.kind === 'running') resolve();
        else if (data.kind === 'failed') reject(Object.assign(new Error(data.why), { name: data.name }));
        else this.listeners.forEach((listener) => listener(data));
      };
      this.worker.onerror = (event) => reject(new Error(event.message || 'worker'));
    });
    this.running.catch((error) => failed(error));
    this.worker.postMessage({ kind: 'begin', address: location.href });
    this.said.splice(0).forEach((message) => this.worker.postMessage(message));
    // The branch's QR code opens <server>/#bind?… (sync/binding.py): made the program's first route, which it takes out
    // of the address itself.
    if (location.hash.startsWith('#bind?')) history.replaceState(null, '', `/#/${location.hash.slice(1)}`);
  },
  tell(message) { if (this.worker) this.worker.postMessage(message); else this.said.push(message); },
};

// What Flet's client calls (its own python.js has the same three names).
globalThis.jsConnect = async (id, args, receive) => {
  await python.running;
  python.toFlutter = receive;
  python.early.splice(0).forEach(receive);
};
globalThis.jsSend = async (id, data) => python.worker.postMessage(data, [data.buffer]);
globalThis.jsDisconnect = async () => { python.toFlutter = null; };

async function failed(error) {
  console.error(error);
  if (await givenBack()) return;
  document.body.append(start);
  start.classList.remove('leaving');
  if (error.name === 'NoStorage') {
    tell(say('浏览器不让外访保存数据：可能是无痕窗口，或本机空间不够。请用普通窗口打开，或清出一些空间，再试一次。',
      'The browser lets Waifang keep nothing: this may be a private window, or the phone is full. Open it in a normal window, or free some space, then try again.'),
    say('再试一次', 'Try again'), () => location.reload());
    return;
  }
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
    const leave = async () => {
      toServiceWorker({ kind: 'started' });
      await answered;
      start.classList.add('leaving');
      setTimeout(() => start.remove(), 150);
    };
    // What it does not need is loaded after it.
    const drawn = () => requestAnimationFrame(() => requestAnimationFrame(() => python.tell({ kind: 'drawn' })));
    const named = () => document.title && (watch.disconnect(), drawn(), setTimeout(leave, 300));
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
  if (!worker) return registration.active ? Promise.resolve() : Promise.reject(new Error('files')); // it failed already
  if (worker.state === 'activated') return Promise.resolve();
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

let full = false; // there was no room for them
let givenUp = false;

function tellNotKept() {
  tell(full ? say('本机空间不够，外访放不下（约 50 MB）。请清出一些空间，再试一次。',
    'This phone has no room for Waifang (about 50 MB). Free some space, then try again.')
    : say('没有下载完整。请在有网络的地方再试一次。', 'The download was not complete. Try again where there is a network.'),
  say('再试一次', 'Try again'), () => location.reload());
}

async function keepFiles() {
  const script = `/sw.js?renderer=${renderer()}`;
  navigator.serviceWorker.addEventListener('message', ({ data }) => {
    if (data.kind === 'kept' && !givenUp) { // the files under way when one failed still report
      loaded.hidden = false;
      loaded.value = data.bytes / data.of;
      told.textContent = say(`正在下载，只此一次：${(data.bytes / 1048576).toFixed(1)} / ${(data.of / 1048576).toFixed(1)} MB`,
        `Downloading, only this once: ${(data.bytes / 1048576).toFixed(1)} of ${(data.of / 1048576).toFixed(1)} MB`);
    }
    if (data.kind === 'full') {
      full = true;
      if (givenUp) tellNotKept(); // the reason may come a moment after the failure
    }
    if (data.kind === 'builds') python.tell(data);
  });
  if (navigator.serviceWorker.controller) {
    navigator.serviceWorker.register(script, { updateViaCache: 'none' })
      .then((registration) => { watchForNewer(registration); look(); }, () => {});
    answered = offer();
    return;
  }
  const registration = await navigator.serviceWorker.register(script, { updateViaCache: 'none' });
  await keeping(registration);
  await controlled();
  watchForNewer(registration);
  loaded.hidden = true;
  told.textContent = '';
}

// ---- a newer build

let answered = Promise.resolve(); // the officer's yes or no on the start picture, or that nothing was to be asked
let look = () => {};

const LOOKS_AGAIN_AFTER_MS = 60000;

// It is looked for at every start, when the network is back, when the app is taken up again, and a minute after that has
// failed or one did not come whole. A browser's own look at a start would not tell of a failure.
function watchForNewer(registration) {
  let later = 0;
  const lookLater = () => {
    clearTimeout(later);
    later = setTimeout(look, LOOKS_AGAIN_AFTER_MS);
  };
  look = () => { if (navigator.onLine && !document.hidden) registration.update().catch(lookLater); };
  registration.addEventListener('updatefound', () => {
    const worker = registration.installing;
    worker.addEventListener('statechange', () => { if (worker.state === 'redundant') lookLater(); });
  });
  addEventListener('online', look);
  document.addEventListener('visibilitychange', look);
}

function toServiceWorker(message) {
  navigator.serviceWorker.ready.then((registration) => registration.active.postMessage(message));
}

// Its answer; null where it does not answer that within the time a start may wait for it.
function serviceWorkerSays(question, answer) {
  const asked = navigator.serviceWorker && navigator.serviceWorker.controller;
  if (!asked) return Promise.resolve(null);
  return new Promise((resolve) => {
    const hear = ({ data }) => { if (data.kind === answer) finish(data); };
    const finish = (data) => {
      clearTimeout(limit);
      navigator.serviceWorker.removeEventListener('message', hear);
      resolve(data);
    };
    const limit = setTimeout(finish, ANSWERS_WITHIN_MS, null);
    navigator.serviceWorker.addEventListener('message', hear);
    asked.postMessage({ kind: question });
  });
}

// Whether this build was new, and the one before it now starts.
async function givenBack() {
  const back = await serviceWorkerSays('failed', 'back');
  if (back && back.yes) location.reload();
  return Boolean(back && back.yes);
}

async function switchOver() {
  if (await serviceWorkerSays('switch', 'switched')) location.reload();
}

// While Python begins beneath the start picture: nothing can be being typed yet, and the store is not open.
async function offer() {
  const builds = await serviceWorkerSays('builds?', 'builds');
  if (!builds) return;
  python.tell(builds);
  if (builds.back) {
    await new Promise((resolve) => {
      tell(say('新版本没有打开，已回到原来的版本。记录都在，没有丢失。请告诉机构。',
        'The new version did not open, so the one before it is used again. All records are kept. Tell the branch.'),
      say('继续', 'Go on'), () => { tell(''); resolve(); });
    });
  } else if (builds.newer && !builds.failed) {
    await new Promise((resolve) => {
      tell(say(`有新版本（${builds.version}），已下载好。现在换上吗？本机的记录都保留。`,
        `A new version (${builds.version}) is here. Change to it now? All records on this phone are kept.`),
      say('换上新版本', 'Change now'), switchOver, say('以后再说', 'Later'), () => { tell(''); resolve(); });
    });
  }
}

python.listeners.push(async (message) => {
  if (message.kind === 'opened') toServiceWorker(message);
  if (message.kind === 'unopened') givenBack();
  if (message.kind === 'switch') switchOver();
  if (message.kind === 'look') look();
  if (message.kind === 'persist') {
    const kept = navigator.storage && navigator.storage.persist ? await navigator.storage.persist() : false;
    python.tell({ kind: 'persisted', kept });
  }
});

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
    givenUp = true;
    tellNotKept();
    return;
  }
  python.begin();
  showFlutter();
}
begin();
