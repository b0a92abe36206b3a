// WebCrypto in batches: many rows cross from Python and back in one call, as one buffer with lengths in front.

const NONCE = 12;

function* parts(buffer) {
  const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  for (let at = 0; at < buffer.length;) {
    const size = view.getUint32(at);
    yield buffer.subarray(at + 4, at + 4 + size);
    at += 4 + size;
  }
}

function joined(pieces) {
  const out = new Uint8Array(pieces.reduce((sum, p) => sum + 4 + p.length, 0));
  const view = new DataView(out.buffer);
  let at = 0;
  for (const piece of pieces) {
    view.setUint32(at, piece.length);
    out.set(piece, at + 4);
    at += 4 + piece.length;
  }
  return out;
}

export const importAes = (raw) => crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt']);

// aad, plain, aad, plain … → nonce + ciphertext + tag for each
export async function seal(key, rows) {
  const all = [...parts(rows)];
  const nonces = crypto.getRandomValues(new Uint8Array(NONCE));
  const sealed = [];
  for (let i = 0; i < all.length; i += 2) {
    const iv = i ? crypto.getRandomValues(new Uint8Array(NONCE)) : nonces;
    sealed.push(crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData: all[i] }, key, all[i + 1]).then((body) => {
      const out = new Uint8Array(NONCE + body.byteLength);
      out.set(iv);
      out.set(new Uint8Array(body), NONCE);
      return out;
    }));
  }
  return joined(await Promise.all(sealed));
}

// aad, sealed, aad, sealed … → plain for each; undefined (Python's None; null is not) when one does not open
export async function unseal(key, rows) {
  const all = [...parts(rows)];
  const opened = [];
  for (let i = 0; i < all.length; i += 2) {
    opened.push(crypto.subtle.decrypt(
      { name: 'AES-GCM', iv: all[i + 1].subarray(0, NONCE), additionalData: all[i] }, key, all[i + 1].subarray(NONCE)));
  }
  try {
    return joined((await Promise.all(opened)).map((b) => new Uint8Array(b)));
  } catch (error) {
    if (error.name === 'OperationError') return undefined;
    throw error;
  }
}

// PBKDF2-SHA256 over the PIN, then HMAC with the key that never leaves IndexedDB.
export async function derive(pin, salt, iterations, kept) {
  const base = await crypto.subtle.importKey('raw', pin, 'PBKDF2', false, ['deriveBits']);
  const slow = await crypto.subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-256', salt, iterations }, base, 256);
  return new Uint8Array(await crypto.subtle.sign('HMAC', kept, slow));
}

// RSA-OAEP-SHA256 of `data` for a public key (SPKI, DER); with the key's bits and its own SHA-256.
export async function wrap(spki, data) {
  const key = await crypto.subtle.importKey('spki', spki, { name: 'RSA-OAEP', hash: 'SHA-256' }, true, ['encrypt']);
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', spki));
  return {
    bits: key.algorithm.modulusLength,
    digest,
    wrapped: new Uint8Array(await crypto.subtle.encrypt({ name: 'RSA-OAEP' }, key, data)),
  };
}
