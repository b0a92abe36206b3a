// The service worker: keeps every file of a build by its hash, answers from what is kept, asks the branch for nothing
// else. `BUILD`, `VERSION` and `FILES` ([path, hash, bytes, renderer]) are put in front of this by `webapp build`.
//
// Which build is used stands in the cache `waifang-state`. A newer one is fetched in the background and waits there;
// it is used only after the officer has agreed, and the older one's files go only after the newer has opened the store.
// A newer one that does not start, or cannot open the store, gives its place back.
'use strict';

const RENDERER = new URL(location).searchParams.get('renderer') || 'skwasm';
const STATE = 'waifang-state';
const COMPILED = 'compiled';
const mine = FILES.filter(([, , , group]) => !group || group === RENDERER);
const cacheOf = (build) => `waifang-build-${build}`;
const urlOf = (path) => new URL(path === 'index.html' ? '/' : `/${path}`, location).href;

const STARTS = 2; // a build just agreed to may fail to start so often before the older one is taken again

// build: the one in use. before: the one it replaced, until it has opened the store. starts: since then, without a first
// screen. failed: the build that gave its place back. told: whether the officer was told so.
let kept;

async function state() {
  if (kept === undefined) {
    const found = await (await caches.open(STATE)).match('/use');
    kept = found ? await found.json() : { build: null };
  }
  return kept;
}

async function become(next) {
  kept = next;
  await (await caches.open(STATE)).put('/use', new Response(JSON.stringify(next)));
}

async function goBack() {
  const now = await state();
  if (!now.before) return false;
  await become({ build: now.before, failed: now.build, told: false });
  return true;
}

// Files of builds that nobody goes back to, or on to.
async function tidy() {
  const now = await state();
  const wanted = [now.build, now.before, BUILD].filter(Boolean).map(cacheOf);
  for (const name of await caches.keys()) {
    if (name.startsWith('waifang-build-') && !wanted.includes(name)) await caches.delete(name);
  }
}

async function tellPages(message) {
  const pages = await clients.matchAll({ type: 'window', includeUncontrolled: true });
  pages.forEach((page) => page.postMessage(message));
}

async function whole(response, hash) {
  if (!response.ok) throw new Error(`status ${response.status}`);
  const content = await response.arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', content));
  if (Array.from(digest, (b) => b.toString(16).padStart(2, '0')).join('') !== hash) throw new Error('not whole');
  const headers = new Headers();
  for (const name of ['Content-Type', 'Content-Security-Policy', 'Cross-Origin-Opener-Policy', 'X-Content-Type-Options']) {
    if (response.headers.has(name)) headers.set(name, response.headers.get(name));
  }
  headers.set('X-Kept', hash);
  return new Response(content, { headers });
}

// What an older build kept with the same hash is taken over; nothing is fetched twice.
async function keptElsewhere(hash, path) {
  for (const name of await caches.keys()) {
    if (!name.startsWith('waifang-build-') || name === cacheOf(BUILD)) continue;
    const found = await (await caches.open(name)).match(urlOf(path));
    if (found && found.headers.get('X-Kept') === hash) return found;
  }
  return null;
}

async function keepAll() {
  const cache = await caches.open(cacheOf(BUILD));
  const of = mine.reduce((sum, [, , size]) => sum + size, 0);
  let bytes = 0;
  const rest = [...mine];
  const next = async () => {
    for (let file = rest.shift(); file; file = rest.shift()) {
      const [path, hash, size] = file;
      const there = await cache.match(urlOf(path));
      if (!there || there.headers.get('X-Kept') !== hash) {
        const old = await keptElsewhere(hash, path);
        await cache.put(urlOf(path), old || await whole(await fetch(`/kept/${hash}/${path}`), hash));
      }
      bytes += size;
      if (mending || !(await state()).build) await tellPages({ kind: 'kept', bytes, of });
    }
  };
  await Promise.all([next(), next(), next(), next()]);
  if (!(await state()).build) await become({ build: BUILD });
}

// The browser has thrown away files of the build in use, or all that was kept: fetched again where there is a network.
let mending = null;

function mend() {
  mending ||= (async () => {
    const now = await state();
    await keepAll();
    if (now.build) await become(now);
  })().catch((error) => console.warn(error)).finally(() => { mending = null; });
  return mending;
}

addEventListener('install', (event) => {
  event.waitUntil(keepAll().then(() => skipWaiting(), async (error) => {
    if (error.name === 'QuotaExceededError') await tellPages({ kind: 'full' });
    throw error;
  }));
});

addEventListener('activate', (event) => {
  event.waitUntil((async () => {
    kept = undefined;
    await clients.claim();
    await tidy();
    await tellPages({ kind: 'builds', ...await builds() });
  })());
});

// What a page wants to know: whether a newer build waits, and whether one gave its place back since the last start.
async function builds() {
  const now = await state();
  return {
    newer: now.build !== BUILD, version: VERSION, failed: now.failed === BUILD, back: now.told === false,
  };
}

const MESSAGES = {
  claim: () => clients.claim(),
  'builds?': async () => {
    const found = await builds();
    const now = await state();
    if (found.back) await become({ ...now, told: true });
    return { kind: 'builds', ...found };
  },
  switch: async () => {
    const now = await state();
    if (now.build !== BUILD) await become({ build: BUILD, before: now.before || now.build, starts: 0 });
    return { kind: 'switched' };
  },
  // The first screen is there.
  started: async () => {
    const now = await state();
    if (now.before) await become({ ...now, starts: 0 });
  },
  // The store is open: there is no way back any more, and none is needed.
  opened: async () => {
    const now = await state();
    if (now.before) await become({ build: now.build });
    await tidy();
  },
  // A start has failed, or the store did not open: should what was compiled be at fault, the next start does without it.
  failed: async () => {
    await (await caches.open(cacheOf((await state()).build))).delete(urlOf(COMPILED));
    return { kind: 'back', yes: await goBack() };
  },
};

addEventListener('message', (event) => {
  event.waitUntil((async () => {
    const act = MESSAGES[event.data.kind];
    const answer = act && await act();
    if (answer) event.source.postMessage(answer);
  })());
});

// What Python compiled of the build in use lies with its files, and goes with them.
async function keepCompiled(request) {
  const { build } = await state();
  if (build) await (await caches.open(cacheOf(build))).put(urlOf(COMPILED), new Response(await request.arrayBuffer()));
  return new Response(null, { status: 204 });
}

// A page is opened: with a build that was agreed to and never showed its first screen, only so often.
async function toOpen() {
  const now = await state();
  if (now.before) {
    if (now.starts >= STARTS) await goBack();
    else await become({ ...now, starts: now.starts + 1 });
  }
  return (await state()).build;
}

addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (url.origin !== location.origin) {
    event.respondWith(Response.error()); // nobody else is ever asked
    return;
  }
  if (event.request.method === 'PUT' && url.pathname === `/${COMPILED}`) {
    event.respondWith(keepCompiled(event.request));
    return;
  }
  if (event.request.method !== 'GET' || url.pathname.startsWith('/v1') || url.pathname.startsWith('/kept/') ||
      url.pathname === '/healthz' || url.pathname === '/sw.js') return;
  event.respondWith((async () => {
    const page = event.request.mode === 'navigate';
    const build = page ? await toOpen() : (await state()).build;
    const cache = build && await caches.open(cacheOf(build));
    const wanted = page ? urlOf('index.html') : url.origin + url.pathname;
    const found = cache && await cache.match(wanted);
    if (found) return found;
    const lost = !build || (build === BUILD && mine.some(([path]) => urlOf(path) === wanted));
    if (lost) event.waitUntil(mend());
    if (page || !cache) return fetch(event.request);
    if (lost) await mend();
    return await cache.match(wanted) || new Response('', { status: 404 });
  })());
});
