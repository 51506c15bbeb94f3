// The session: the link's token is traded once for a bearer, which this tab alone keeps.

const BEARER = 'vault.bearer';
const CSRF = 'vault.csrf';
const VERSION = 'vault.version';

const listeners = new Set();
let isClosing = false;

/** Takes the token out of the address and its history before anything else is done. */
function tokenOfLink() {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token !== null) history.replaceState(null, '', location.pathname);
  return token;
}

/** Opens the session of the link or of this tab; tells why there is none: `used`, `none`, `unreachable`. */
export async function open() {
  const token = tokenOfLink();
  if (token === null) return sessionStorage.getItem(BEARER) ? 'open' : 'none';
  forget();
  const traded = await trade(token).catch(() => null);
  if (!traded) return 'unreachable';
  if (traded.status !== 201) return 'used';
  const { bearer, csrf, version } = await traded.json();
  sessionStorage.setItem(BEARER, bearer);
  sessionStorage.setItem(CSRF, csrf);
  sessionStorage.setItem(VERSION, version);
  return 'open';
}

function trade(token) {
  const headers = { 'content-type': 'application/json' };
  return fetch('/session', { method: 'POST', headers, body: JSON.stringify({ token }) });
}

/** Gives the headers that a request needs. */
export function headers(method) {
  const all = { authorization: `Bearer ${sessionStorage.getItem(BEARER) ?? ''}` };
  if (method !== 'GET') all['x-csrf-token'] = sessionStorage.getItem(CSRF) ?? '';
  return all;
}

/** Gives the version of the program that serves the page. */
export function version() {
  return sessionStorage.getItem(VERSION) ?? '';
}

function forget() {
  for (const key of [BEARER, CSRF, VERSION]) sessionStorage.removeItem(key);
}

/** Calls a function with the reason when the session has ended. */
export function onEnd(listener) {
  listeners.add(listener);
}

/** Notes that the session has ended; a request that is refused while it is being closed is not why. */
export function ended(reason) {
  if (isClosing && reason !== 'closed') return;
  forget();
  for (const listener of listeners) listener(reason);
}

/** Ends the session on both sides. */
export async function close() {
  isClosing = true;
  await fetch('/session', { method: 'DELETE', headers: headers('DELETE') }).catch(() => null);
  ended('closed');
}
