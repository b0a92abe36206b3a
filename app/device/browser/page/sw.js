// The service worker: keeps every file of a build by its hash, answers from what is kept, asks the branch for nothing
// else. `BUILD` and `FILES` ([path, hash, bytes, renderer]) are put in front of this by `webapp build`.
//
// Which build is used stands in the cache `waifang-state`. A newer one is fetched in the background and waits there;
// it is used only after the officer has agreed, and the older one's files go only after the newer has opened the store.
'use strict';

const RENDERER = new URL(location).searchParams.get('renderer') || 'skwasm';
const STATE = 'waifang-state';
const mine = FILES.filter(([, , , group]) => !group || group === RENDERER);
const cacheOf = (build) => `waifang-build-${build}`;
const urlOf = (path) => new URL(path === 'index.html' ? '/' : `/${path}`, location).href;

let used; // the build in use, read once

async function inUse() {
  if (used === undefined) {
    const kept = await (await caches.open(STATE)).match('/use');
    used = kept ? (await kept.json()).build : null;
  }
  return used;
}

async function use(build) {
  used = build;
  await (await caches.open(STATE)).put('/use', new Response(JSON.stringify({ build })));
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
      if (await inUse() === null) await tellPages({ kind: 'kept', bytes, of });
    }
  };
  await Promise.all([next(), next(), next(), next()]);
  if (await inUse() === null) await use(BUILD);
}

addEventListener('install', (event) => {
  event.waitUntil(keepAll().then(() => skipWaiting()));
});

addEventListener('activate', (event) => {
  event.waitUntil((async () => {
    used = undefined;
    await clients.claim();
    if (await inUse() !== BUILD) await tellPages({ kind: 'newer', build: BUILD });
  })());
});

addEventListener('message', (event) => {
  const { kind } = event.data;
  event.waitUntil((async () => {
    if (kind === 'claim') await clients.claim();
    if (kind === 'newer?' && await inUse() !== BUILD) event.source.postMessage({ kind: 'newer', build: BUILD });
    if (kind === 'switch') {
      await use(BUILD);
      event.source.postMessage({ kind: 'switched' });
    }
    if (kind === 'opened' && await inUse() === BUILD) {
      for (const name of await caches.keys()) {
        if (name.startsWith('waifang-build-') && name !== cacheOf(BUILD)) await caches.delete(name);
      }
    }
  })());
});

addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (url.origin !== location.origin) {
    event.respondWith(Response.error()); // nobody else is ever asked
    return;
  }
  if (event.request.method !== 'GET' || url.pathname.startsWith('/v1') || url.pathname.startsWith('/kept/') ||
      url.pathname === '/healthz' || url.pathname === '/sw.js') return;
  event.respondWith((async () => {
    const build = await inUse();
    const cache = build && await caches.open(cacheOf(build));
    const page = event.request.mode === 'navigate';
    const kept = cache && await cache.match(page ? urlOf('index.html') : url.origin + url.pathname);
    if (kept) return kept;
    return cache ? new Response('', { status: 404 }) : fetch(event.request);
  })());
});
