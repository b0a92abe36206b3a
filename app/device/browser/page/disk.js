// The data folder of the browser: files in memory, their changed blocks in IndexedDB.
//
// A flush takes what changed since the last one, at one instant and in one transaction: what is found after a crash is a
// state the files really had, which SQLite's own recovery understands. The spool is a store of its own beside it.

const BLOCK = 16384;
const NAME = 'waifang';

function open() {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore('files');
      asked.result.createObjectStore('blocks');
      asked.result.createObjectStore('spool', { autoIncrement: true });
      asked.result.createObjectStore('keys');
    };
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}

// Durable when it resolves: `strict` waits for the medium, not for the system's cache alone.
function change(db, stores, act) {
  return new Promise((resolve, reject) => {
    const transaction = db.transaction(stores, 'readwrite', { durability: 'strict' });
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error || new DOMException('', 'AbortError'));
    transaction.onerror = () => {};
    act(transaction);
  });
}

function ask(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

export class Disk {
  // All that is kept. It needs no Python, so it can be under way while that begins.
  static async read() {
    const db = await open();
    const transaction = db.transaction(['files', 'blocks'], 'readonly');
    const [names, sizes, keys, blocks] = await Promise.all([
      ask(transaction.objectStore('files').getAllKeys()), ask(transaction.objectStore('files').getAll()),
      ask(transaction.objectStore('blocks').getAllKeys()), ask(transaction.objectStore('blocks').getAll()),
    ]);
    const contents = new Map(names.map((name, i) => [name, new Uint8Array(sizes[i])]));
    keys.forEach(([name, n], i) => {
      const content = contents.get(name);
      if (content && n * BLOCK < content.length) content.set(blocks[i].subarray(0, content.length - n * BLOCK), n * BLOCK);
    });
    return { db, contents };
  }

  static async mount(FS, folder, reading = Disk.read()) {
    const { db, contents } = await reading;
    const disk = new Disk(FS, folder, db);
    disk.fill(contents);
    return disk;
  }

  constructor(FS, folder, db) {
    this.FS = FS;
    this.folder = folder;
    this.db = db;
    this.known = new Map(); // name -> the node whose blocks are kept
    this.last = Promise.resolve();
    FS.mkdirTree(folder);
    this.root = FS.mount(FS.filesystems.MEMFS, {}, folder);
    this.watch();
  }

  // Which blocks of which file are written, seen where Emscripten's file system writes them.
  watch() {
    const { FS, folder } = this;
    const probe = FS.open(`${folder}/.probe`, 'w');
    const { stream_ops: stream, node_ops: node } = probe.node;
    const { write } = stream;
    const { setattr } = node;
    const { mount } = probe.node;
    stream.write = (s, buffer, offset, length, position, canOwn) => {
      const n = write(s, buffer, offset, length, position, canOwn);
      if (s.node.mount === mount) this.touch(s.node, position ?? s.position, n);
      return n;
    };
    node.setattr = (n, attr) => {
      const before = n.usedBytes;
      setattr(n, attr);
      if (n.mount === mount && attr.size !== undefined) this.touch(n, Math.min(before, attr.size), Math.abs(before - attr.size) + 1);
    };
    FS.close(probe);
    FS.unlink(`${folder}/.probe`);
  }

  touch(node, from, length) {
    node.dirty ||= new Set();
    for (let n = Math.floor(from / BLOCK); n * BLOCK < from + length; n += 1) node.dirty.add(n);
  }

  fill(contents) {
    for (const [name, content] of contents) {
      this.FS.writeFile(`${this.folder}/${name}`, content, { canOwn: true });
      const { node } = this.FS.lookupPath(`${this.folder}/${name}`);
      node.dirty = new Set();
      this.known.set(name, node);
    }
  }

  get changed() {
    const names = this.names();
    return names.length !== this.known.size || names.some(([name, node]) => this.known.get(name) !== node || node.dirty?.size);
  }

  names() {
    return this.FS.readdir(this.folder).filter((n) => n !== '.' && n !== '..')
      .map((name) => [name, this.FS.lookupPath(`${this.folder}/${name}`).node]);
  }

  // Resolves when everything written before the call is on the medium.
  flush() {
    this.last = this.last.catch(() => {}).then(() => (this.changed ? this.flushNow() : undefined));
    return this.last;
  }

  async flushNow() {
    const taken = [];
    const puts = [];
    const present = this.names();
    for (const [name, node] of present) {
      const size = node.usedBytes;
      const fresh = this.known.get(name) !== node;
      const dirty = fresh ? Array.from({ length: Math.ceil(size / BLOCK) }, (_, n) => n) : [...(node.dirty || [])];
      if (!fresh && !dirty.length) continue;
      taken.push([node, node.dirty]);
      node.dirty = new Set();
      puts.push([name, size, fresh, dirty.filter((n) => n * BLOCK < size)
        .map((n) => [n, node.contents.slice(n * BLOCK, Math.min(size, (n + 1) * BLOCK))])]);
    }
    const gone = [...this.known.keys()].filter((name) => !present.some(([n]) => n === name));
    try {
      await change(this.db, ['files', 'blocks'], (transaction) => {
        const files = transaction.objectStore('files');
        const blocks = transaction.objectStore('blocks');
        for (const name of gone) {
          files.delete(name);
          blocks.delete(IDBKeyRange.bound([name, 0], [name, Infinity]));
        }
        for (const [name, size, fresh, parts] of puts) {
          files.put(size, name);
          if (fresh) blocks.delete(IDBKeyRange.bound([name, 0], [name, Infinity]));
          else blocks.delete(IDBKeyRange.bound([name, Math.ceil(size / BLOCK)], [name, Infinity]));
          for (const [n, part] of parts) blocks.put(part, [name, n]);
        }
      });
    } catch (error) {
      for (const [node, dirty] of taken) (dirty || []).forEach((n) => node.dirty.add(n));
      throw error;
    }
    gone.forEach((name) => this.known.delete(name));
    for (const [name, node] of present) this.known.set(name, node);
  }

  // ---- the spool: one put a record, in order

  async spooled() {
    const store = this.db.transaction('spool', 'readonly').objectStore('spool');
    const [keys, frames] = await Promise.all([ask(store.getAllKeys()), ask(store.getAll())]);
    return { keys, frames };
  }

  async spool(frames) {
    const keys = [];
    await change(this.db, ['spool'], (transaction) => {
      const store = transaction.objectStore('spool');
      frames.forEach((frame, i) => { store.add(frame).onsuccess = (e) => { keys[i] = e.target.result; }; });
    });
    return keys;
  }

  unspool(keys) {
    return change(this.db, ['spool'], (transaction) => {
      keys.forEach((key) => transaction.objectStore('spool').delete(key));
    });
  }

  // ---- keys that cannot be read out

  keyAt(name) { return ask(this.db.transaction('keys', 'readonly').objectStore('keys').get(name)); }

  async keepKey(name, secret) {
    const key = await crypto.subtle.importKey('raw', secret, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
    await change(this.db, ['keys'], (transaction) => transaction.objectStore('keys').put(key, name));
  }

  dropKey(name) { return change(this.db, ['keys'], (t) => t.objectStore('keys').delete(name)); }
}
