// Times and numbers as people read them.

import { h } from './dom.js';

const FULL = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'long' });
const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });
const NUMBER = new Intl.NumberFormat('en-GB');
const AGO = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const STEPS = [
  ['year', 31557600],
  ['month', 2629800],
  ['week', 604800],
  ['day', 86400],
  ['hour', 3600],
  ['minute', 60],
];

/** Writes a number with its thousands apart. */
export const number = (value) => NUMBER.format(value);

/** Writes a count with its noun: `1 secret`, `2 secrets`. */
export const counted = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

/** Writes how long ago, or how far ahead, a time is. */
function ago(time) {
  const seconds = (new Date(time) - Date.now()) / 1000;
  if (Math.abs(seconds) < 45) return seconds > 5 ? 'in a moment' : 'just now';
  const [unit, size] = STEPS.find(([, size]) => Math.abs(seconds) >= size) ?? ['minute', 60];
  return AGO.format(Math.round(seconds / size) || Math.sign(seconds), unit);
}

/** Shows a time: near ones by their distance, others by their day, the whole of it as the tip. */
export function moment(time) {
  if (!time) return h('span', { class: 'muted' }, '—');
  const date = new Date(time);
  const near = Math.abs(date - Date.now()) < 30 * 86400e3;
  const words = near ? ago(time) : DAY.format(date);
  return h('time', { datetime: time, title: FULL.format(date), class: 'tight figure' }, words);
}

/** Shows a time in full. */
export function moments(time, none = '—') {
  if (!time) return h('span', { class: 'muted' }, none);
  return h('time', { datetime: time, title: time }, `${FULL.format(new Date(time))} (${ago(time)})`);
}

/** Shows when a secret expires, with a warning where that is past or near. */
export function expiry(time) {
  if (!time) return h('span', { class: 'muted' }, 'Never');
  const left = new Date(time) - Date.now();
  const title = FULL.format(new Date(time));
  if (left < 0) return h('time', { datetime: time, title, class: 'chip chip-bad' }, `Expired ${ago(time)}`);
  if (left < 30 * 86400e3) return h('time', { datetime: time, title, class: 'chip chip-warn' }, `Expires ${ago(time)}`);
  return h('time', { datetime: time, title, class: 'tight figure' }, DAY.format(new Date(time)));
}

/** Writes seconds as days, hours and minutes. */
export function lasting(seconds) {
  const parts = [
    ['day', 86400],
    ['hour', 3600],
    ['minute', 60],
  ];
  const [noun, size] = parts.find(([, size]) => seconds >= size) ?? ['second', 1];
  return counted(Math.floor(seconds / size), noun);
}

/** Writes a length in bytes. */
export function bytes(length) {
  return length >= 1024 ? `${number(Math.round(length / 1024))} KiB` : counted(length, 'byte');
}
