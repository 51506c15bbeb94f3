// The session: the link's token is traded once for a bearer, which this tab alone keeps, and which ends with the server.

import * as proof from './proof.js';
import { messages } from './stream.js';

const BEARER = 'vault.bearer';
const CSRF = 'vault.csrf';
const VERSION = 'vault.version';
const SINCE = 'vault.since';

const listeners = new Set();
const OPTIONS = { cache: 'no-store', credentials: 'omit', redirect: 'error' };

/** The session of this tab: one that has ended stays so, and what still comes of it changes nothing of the next. */
let now = { isOver: true, closing: new AbortController() };
let isLeaving = false;
addEventListener('beforeunload', () => {
  isLeaving = true;
  // The browser may ask whether to leave, and the answer may be no.
  setTimeout(() => (isLeaving = false), 5000);
});
addEventListener('pagehide', () => {
  isLeaving = true;
});
addEventListener('pageshow', ({ persisted }) => {
  // Nothing is known of what happened meanwhile.
  if (persisted) ended('gone');
});

const tokenOf = (hash) => new URLSearchParams(hash.slice(1)).get('token');

/** Takes the token out of the address and its history before anything else is done. */
function tokenOfLink() {
  const token = tokenOf(location.hash);
  if (token !== null) history.replaceState(null, '', location.pathname);
  return token;
}

/** Calls a function when a link with a token is put into the address of this tab, before any other hears of it. */
export function onLink(listener) {
  const heard = (event) => {
    if (tokenOf(location.hash) === null) return;
    event.stopImmediatePropagation();
    listener();
  };
  addEventListener('hashchange', heard, true);
}

/** Opens the session of the link or of this tab; tells why there is none: `used`, `none`, `unreachable`. */
export async function open() {
  const token = tokenOfLink();
  if (token !== null) {
    const traded = await trade(token).catch(() => null);
    if (!traded) return 'unreachable';
    if (traded.status !== 201) return 'used';
    const { bearer, csrf, version, since } = await traded.json();
    forget();
    await proof.derive(token);
    sessionStorage.setItem(BEARER, bearer);
    sessionStorage.setItem(CSRF, csrf);
    sessionStorage.setItem(VERSION, version);
    sessionStorage.setItem(SINCE, since);
  } else if (!sessionStorage.getItem(BEARER)) return 'none';
  now.isOver = true;
  now = { isOver: false, isClosing: false, closing: new AbortController() };
  return 'open';
}

function trade(token) {
  return sent('/session', {}, { token });
}

function sent(path, more, body, signal) {
  const headers = { 'content-type': 'application/json', ...more };
  return fetch(path, { ...OPTIONS, method: 'POST', headers, signal, body: JSON.stringify(body) });
}

/** Stays with the server until it ends or is gone; `hear[event](data)` is what it says meanwhile. */
export async function stay(hear) {
  const own = now;
  await lost(await endOfServer(own, hear).catch(() => 'gone'), own);
}

/** Ends the session, for a request that failed; a page that is being left ends its requests by itself, and is gone soon. */
export async function lost(reason, own = now) {
  if (isLeaving)
    await new Promise((done) => {
      setTimeout(done, 2000);
    });
  ended(reason, own);
}

async function endOfServer(own, hear) {
  const stream = await fetch('/session/stream', { ...OPTIONS, headers: headers('GET') });
  if (stream.status === 401) return 'used';
  for await (const { event, data } of messages(stream)) {
    if (event === 'ended') return data;
    if (!own.isOver) hear[event]?.(data);
  }
  return 'gone';
}

/** Has the server prove that it is the one of the link, before anything is sent that another must not have. */
export async function proven(signal) {
  const own = now;
  const ask = async (nonce) => {
    const answer = await sent('/session/proof', headers('POST'), { nonce }, signal);
    return (await answer.json()).proof;
  };
  const holds = await proof.holds(ask).catch(() => false);
  signal?.throwIfAborted();
  if (!holds) await lost('stranger', own);
  return holds && !own.isOver;
}

/** Returns the session, for what is asked in it. */
export const present = () => now;

/** Tells whether the session has ended: nothing is asked of this address any more. */
export const over = () => now.isOver;

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

/** Gives the moment at which the session began, by the server's clock. */
export function since() {
  return sessionStorage.getItem(SINCE) ?? '';
}

function forget() {
  for (const key of [BEARER, CSRF, VERSION, SINCE]) sessionStorage.removeItem(key);
  proof.forget();
}

/** Calls a function with the reason when the session has ended. */
export function onEnd(listener) {
  listeners.add(listener);
}

/** Notes that a session has ended, once; a request that is refused while it is being closed is not why. */
export function ended(reason, own = now) {
  if (own.isOver || (own.isClosing && reason !== 'closed')) return;
  own.isOver = true;
  forget();
  for (const listener of listeners) listener(reason);
}

/** Ends the session on both sides. */
export async function close() {
  const own = now;
  own.isClosing = true;
  own.closing.abort();
  await fetch('/session', { method: 'DELETE', headers: headers('DELETE') }).catch(() => null);
  ended('closed', own);
}
