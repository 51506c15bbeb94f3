// `.env` lines, read as `vaultctl import dotenv` reads them, and the names that their values go under.

const OWN = new Set(['AGENTICMAIL_VAULT_KEY', 'AGENTICMAIL_VAULT_TOKEN']);
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
const ESCAPES = { n: '\n', r: '\r', t: '\t' };

/** A line that is no assignment. */
class Malformed extends Error {
  constructor(line, why) {
    super(`Line ${line}: ${why}.`);
    this.hint = 'Nothing was stored. Mend the line, or make it a remark with #.';
  }
}

/** Reads all assignments: `[{variable, value, line}, …]`. */
export function parse(text) {
  const found = [];
  let rest = text.replace(/^\uFEFF/, '');
  let line = 1;
  while (rest) {
    const before = rest;
    const one = assignment(rest, line);
    if (one.variable) found.push({ variable: one.variable, value: one.value, line });
    rest = one.rest;
    line += before.slice(0, before.length - rest.length).split('\n').length - 1;
  }
  return found;
}

function cut(text, mark) {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + mark.length)];
}

function assignment(text, line) {
  const [first, rest] = cut(text, '\n');
  const trimmed = first.trim().replace(/^export /, '');
  if (!first.trim() || first.trim().startsWith('#')) return { rest };
  if (!trimmed.includes('=')) throw new Malformed(line, 'it is no NAME=value');
  const variable = cut(trimmed, '=')[0].trim();
  if (!VARIABLE.test(variable)) throw new Malformed(line, 'before the = stands no name of a variable');
  const after = cut(text, '=')[1].replace(/^[ \t]+/, '');
  if (after[0] === "'") return { variable, ...single(after.slice(1), line) };
  if (after[0] === '"') return { variable, ...double(after.slice(1), line) };
  return { variable, value: bare(cut(text, '=')[1].split('\n')[0]), rest };
}

function bare(text) {
  const end = text.search(/[ \t]#/);
  return (end < 0 ? text : text.slice(0, end)).trim();
}

function single(text, line) {
  const end = text.indexOf("'");
  if (end < 0) throw new Malformed(line, 'a quote is not closed');
  return { value: text.slice(0, end), rest: afterQuote(text.slice(end + 1), line) };
}

function double(text, line) {
  let value = '';
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '"') return { value, rest: afterQuote(text.slice(at + 1), line) };
    if (text[at] !== '\\') value += text[at];
    else {
      at += 1;
      if (at < text.length) value += ESCAPES[text[at]] ?? text[at];
    }
  }
  throw new Malformed(line, 'a quote is not closed');
}

function afterQuote(text, line) {
  const [rest, next] = cut(text, '\n');
  if (rest.trim() && !rest.trim().startsWith('#')) throw new Malformed(line, 'something follows the closed quote');
  return next;
}

/** Says where each assignment goes: `{entries: [{variable, name, label, value}], notes: [words]}`. */
export function mapped(assignments, presets) {
  const found = { entries: [], notes: [] };
  const seen = new Set();
  for (const one of assignments) take(one, presets, found, seen);
  return found;
}

function take({ variable, value, line }, presets, found, seen) {
  if (!value) return;
  if (OWN.has(variable)) return void found.notes.push(`${variable} is the vault's own, and is left out.`);
  if (value.startsWith('vault://'))
    return void found.notes.push(`${variable} is a reference already, and is left out.`);
  if (seen.has(variable))
    return void found.notes.push(`Line ${line}: ${variable} is set again; the first value counts.`);
  seen.add(variable);
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
