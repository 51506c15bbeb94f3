// How the server proves that it is the one that the link came from: by a secret that is derived on both sides and never sent.

const SECRET = 'vault.proof';
const HMAC = { name: 'HMAC', hash: 'SHA-256', length: 256 };
const PURPOSE = new TextEncoder().encode('vault/dashboard/proof/v1');

const bytesOf = (text) =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (one) => one.charCodeAt(0));
const textOf = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

/** Derives the secret from the link's token (HKDF, RFC 5869), and keeps it for this tab and its reloads. */
export async function derive(token) {
  const key = await crypto.subtle.importKey('raw', bytesOf(token), 'HKDF', false, ['deriveKey']);
  const how = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: PURPOSE };
  const secret = await crypto.subtle.deriveKey(how, key, HMAC, true, ['verify']);
  sessionStorage.setItem(SECRET, JSON.stringify(await crypto.subtle.exportKey('jwk', secret)));
}

/** Forgets it. */
export function forget() {
  sessionStorage.removeItem(SECRET);
}

/** Asks by `ask(nonce)`, which gives the server's proof, and tells whether that is one. */
export async function holds(ask) {
  const kept = JSON.parse(sessionStorage.getItem(SECRET) ?? 'null');
  if (!kept) return false;
  const secret = await crypto.subtle.importKey('jwk', kept, HMAC, false, ['verify']);
  const nonce = crypto.getRandomValues(new Uint8Array(32));
  const proof = await ask(textOf(nonce));
  return crypto.subtle.verify('HMAC', secret, bytesOf(proof), nonce);
}
