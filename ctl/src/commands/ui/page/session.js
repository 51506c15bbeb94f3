// The session: the link's token is traded once for a bearer, which this tab alone keeps, and which ends with the server.

import * as proof from './proof.js';

const BEARER = 'vault.bearer';
const CSRF = 'vault.csrf';
const VERSION = 'vault.version';

const listeners = new Set();
const OPTIONS = { cache: 'no-store', credentials: 'omit', redirect: 'error' };

let isClosing = false;
let isLeaving = false;
let isOver = false;
for (const event of ['beforeunload', 'pagehide'])
  addEventListener(event, () => {
    isLeaving = true;
  });
addEventListener('pageshow', ({ persisted }) => {
  // Nothing is known of what happened meanwhile.
  if (persisted) ended('gone');
});

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
  await proof.derive(token);
  sessionStorage.setItem(BEARER, bearer);
  sessionStorage.setItem(CSRF, csrf);
  sessionStorage.setItem(VERSION, version);
  return 'open';
}

function trade(token) {
  return sent('/session', {}, { token });
}

function sent(path, more, body) {
  const headers = { 'content-type': 'application/json', ...more };
  return fetch(path, { ...OPTIONS, method: 'POST', headers, body: JSON.stringify(body) });
}

/** Stays with the server until it ends or is gone; the session ends with it, for good. */
export async function stay() {
  await lost(await endOfServer().catch(() => 'gone'));
}

/** Ends the session, for a request that failed; a page that is being left ends its requests by itself, and is gone soon. */
export async function lost(reason) {
  if (isLeaving)
    await new Promise((done) => {
      setTimeout(done, 2000);
    });
  ended(reason);
}

async function endOfServer() {
  const stream = await fetch('/session/stream', { ...OPTIONS, headers: headers('GET') });
  if (stream.status === 401) return 'used';
  return (await stream.text()).match(/^event: ended\ndata: (\w+)/m)?.[1] ?? 'gone';
}

/** Has the server prove that it is the one of the link, before anything is sent that another must not have. */
export async function proven() {
  const ask = async (nonce) => (await (await sent('/session/proof', headers('POST'), { nonce })).json()).proof;
  const holds = await proof.holds(ask).catch(() => false);
  if (!holds) await lost('stranger');
  return holds && !isOver;
}

/** Tells whether the session has ended: nothing is asked of this address any more. */
export const over = () => isOver;

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
  proof.forget();
}

/** Calls a function with the reason when the session has ended. */
export function onEnd(listener) {
  listeners.add(listener);
}

/** Notes that the session has ended, once; a request that is refused while it is being closed is not why. */
export function ended(reason) {
  if (isOver || (isClosing && reason !== 'closed')) return;
  isOver = true;
  forget();
  for (const listener of listeners) listener(reason);
}

/** Ends the session on both sides. */
export async function close() {
  isClosing = true;
  await fetch('/session', { method: 'DELETE', headers: headers('DELETE') }).catch(() => null);
  ended('closed');
}
