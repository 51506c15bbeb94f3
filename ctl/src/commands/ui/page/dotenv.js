// `.env` lines, read as `vaultctl import dotenv` reads them, and the names that their values go under.

import { setting } from './settings.js';

const OWN = new Set(['AGENTICMAIL_VAULT_KEY', 'AGENTICMAIL_VAULT_TOKEN']);
const NAME = /^[\p{Alphabetic}\p{N}_.[\]-]+$/u;
const ESCAPES = { n: '\n', r: '\r', t: '\t', '\\': '\\', '"': '"', $: '$', '`': '`' };
// What sets a further variable, for a shell that reads it behind `export`.
const FURTHER = /\s[A-Za-z0-9_]+=/;
// What a value with its quotes is, where a quote opens it; the double one may be escaped.
const QUOTED = { "'": /^'([^']*)'/, '`': /^`([^`]*)`/, '"': /^"((?:[^"\\]|\\[^])*)"/ };

/** A line that is no assignment. */
class Malformed extends Error {
  constructor(line, why) {
    super(`Line ${line}: ${why}.`);
    this.hint = 'Nothing was stored. Correct the line, or make it a comment with #.';
  }
}

/** Reads all assignments: `[{variable, value, line}, …]`. */
export function parse(text) {
  const found = [];
  let rest = text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
  let line = 1;
  while (rest) {
    const one = assignment(rest, line);
    if (one.variable) found.push({ ...one, line });
    line += lines(rest) - lines(one.rest);
    rest = one.rest;
  }
  return found.map(({ variable, value, line }) => ({ variable, value, line }));
}

function lines(text) {
  return text.split('\n').length;
}

function cut(text, mark) {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + mark.length)];
}

function assignment(text, line) {
  const [first, rest] = cut(text, '\n');
  const trimmed = first.trim();
  if (!trimmed || trimmed.startsWith('#')) return { rest };
  const exported = /^export\s/.test(trimmed);
  const variable = cut(trimmed, '=')[0]
    .replace(/^export\s+/, '')
    .trim();
  if (!trimmed.includes('=')) {
    // It passes on what is set elsewhere.
    if (exported && NAME.test(variable)) return { rest };
    throw new Malformed(line, 'it is no NAME=value');
  }
  if (!NAME.test(variable)) throw new Malformed(line, 'before the = stands no name of a variable');
  const after = cut(text, '=')[1].replace(/^[^\S\n]+/, '');
  if (after[0] in QUOTED) return { variable, ...quoted(after, line) };
  const value = bare(cut(first, '=')[1]);
  if (exported && FURTHER.test(value))
    throw new Malformed(line, 'it exports several variables; give each a line of its own');
  return { variable, value, rest };
}

function bare(text) {
  const end = text.search(/\s#/);
  return (end < 0 ? text : text.slice(0, end)).trim();
}

function quoted(text, line) {
  const [whole, inner] = QUOTED[text[0]].exec(text) ?? [];
  if (whole === undefined) throw new Malformed(line, 'a quote is not closed, so nothing is read from here on');
  const [behind, rest] = cut(text.slice(whole.length), '\n');
  if (!/^\s*(#|$)/.test(behind)) throw new Malformed(line, 'something follows the closed quote');
  const unescaped = (pair, c) => ESCAPES[c] ?? pair;
  return { value: text[0] === '"' ? inner.replace(/\\([^])/g, unescaped) : inner, rest };
}

/** Says where each assignment goes: `{entries: [{variable, name, label, value}], notes: [words]}`. */
export function mapped(assignments, presets) {
  const found = { entries: [], notes: [] };
  const last = new Map(assignments.map((one) => [one.variable, one]));
  for (const one of assignments) {
    if (last.get(one.variable) === one) take(one, presets, found);
    else found.notes.push(`Line ${one.line}: ${one.variable} is set again; the last value counts.`);
  }
  return found;
}

function take({ variable, value }, presets, found) {
  if (!value) return;
  const why = setting(variable, value, presets);
  if (why) return void found.notes.push(`${variable} is left out, a setting: ${why}.`);
  if (OWN.has(variable)) return void found.notes.push(`${variable} is the vault's own, and is left out.`);
  if (value.startsWith('vault://'))
    return void found.notes.push(`${variable} is a reference already, and is left out.`);
  let { name, label } = nameOf(variable, presets);
  const same = found.entries.find((one) => one.name === name);
  if (same?.value === value)
    return void found.notes.push(`${variable} has the value of ${same.variable}; it is stored once.`);
  if (same) {
    found.notes.push(`${variable} keeps its own name, since ${name} has another value.`);
    [name, label] = [variable, ''];
  }
  found.entries.push({ variable, name, label, value });
}

function nameOf(variable, presets) {
  for (const preset of presets) {
    const known = preset.fields.find((one) => one.env.includes(variable));
    if (known) return { name: `skill:${preset.platform}:${known.field}`, label: `${preset.label} · ${known.label}` };
  }
  return { name: variable, label: '' };
}
