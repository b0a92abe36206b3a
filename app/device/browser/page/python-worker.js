// The worker Python runs in: the runtime, the data folder, the program; then Flet's messages in both directions.
import { loadPyodide } from './pyodide/pyodide.mjs';
import { Disk } from './disk.js';
import * as vault from './vault.js';

const HOME = '/home/pyodide';
const COMPILED = '/compiled'; // answered and kept by the service worker, with the files of the build in use
const KEEP_COMPILED_AFTER_MS = [8000, 30000, 120000]; // what was imported by then; the screens come one by one
const flet = { args: null, documentUrl: '' };

// The page's messages for Python; what comes before Python listens waits for it.
const shell = {
  hear: null,
  early: [],
  tell: (kind) => postMessage({ kind }),
  heard(message) { if (this.hear) this.hear(message); else this.early.push(message); },
  listen(hear) {
    this.hear = hear;
    this.early.splice(0).forEach((message) => hear(message));
  },
};

// A plain tar of plain files, as `webapp build` writes it.
function unpack(FS, tar) {
  const text = new TextDecoder();
  const field = (at, size) => text.decode(tar.subarray(at, at + size)).replace(/\0.*$/s, '');
  const made = new Set();
  for (let at = 0; at + 512 <= tar.length && tar[at];) {
    const path = `${HOME}/${field(at + 345, 155) ? `${field(at + 345, 155)}/` : ''}${field(at, 100)}`;
    const size = parseInt(field(at + 124, 12), 8);
    const folder = path.slice(0, path.lastIndexOf('/'));
    if (!made.has(folder)) {
      FS.mkdirTree(folder);
      made.add(folder);
    }
    FS.writeFile(path, tar.subarray(at + 512, at + 512 + size), { canOwn: true });
    at += 512 + Math.ceil(size / 512) * 512;
  }
}

async function keepCompiled(pyodide) {
  const fresh = pyodide.runPython('compiled.fresh()');
  if (!fresh) return;
  const content = fresh.toJs();
  fresh.destroy();
  await fetch(COMPILED, { method: 'PUT', body: content });
}

async function begin(address) {
  flet.documentUrl = address;
  const archive = fetch('/app.tar').then((r) => {
    if (!r.ok) throw new Error(`app.tar ${r.status}`);
    return r.arrayBuffer();
  });
  const compiled = fetch(COMPILED).then((r) => (r.ok ? r.arrayBuffer() : null), () => null);
  const reading = Disk.read();
  reading.catch(() => {}); // said where it is waited for
  const pyodide = await loadPyodide({ indexURL: '/pyodide/', stdout: console.log, stderr: console.error });
  unpack(pyodide.FS, new Uint8Array(await archive));
  const disk = await Disk.mount(pyodide.FS, '/data', reading).catch((error) => {
    throw Object.assign(new Error(String(error)), { name: 'NoStorage' });
  });
  pyodide.registerJsModule('flet_js', flet);
  const kept = await compiled;
  pyodide.registerJsModule('waifang_page', { disk, vault, shell, address, kept: kept && new Uint8Array(kept) });
  await pyodide.runPythonAsync(`
import sys
sys.path[:0] = ["${HOME}/__pypackages__", "${HOME}"]
from waifang_page import kept
from app.device.browser.compiled import begin, compiled
begin(kept.to_bytes() if kept else None)
from app.in_browser import run
run()
`);
  await flet.start_connection((message) => {
    const bytes = message.toJs();
    postMessage(bytes, [bytes.buffer]);
  });
  postMessage({ kind: 'running' });
  KEEP_COMPILED_AFTER_MS.forEach((ms) => setTimeout(() => keepCompiled(pyodide).catch(console.warn), ms));
}

onmessage = ({ data }) => {
  if (data instanceof Uint8Array) flet.send(data);
  else if (data.kind === 'begin') {
    begin(data.address).catch((error) => postMessage({ kind: 'failed', why: String(error), name: error.name }));
  } else shell.heard(data);
};
