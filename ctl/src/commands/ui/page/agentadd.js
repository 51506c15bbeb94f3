// A new agent: its name, its grants, what its process must be; then its token, this once.

import * as api from './api.js';
import { button, h, icon } from './dom.js';
import { openDialog } from './dialog.js';
import { textField } from './fields.js';
import { takeAway } from './focus.js';
import { lifetimeField } from './lifetime.js';
import { agentTrouble } from './names.js';
import { showToken } from './token.js';
import { GRANTABLE } from './words.js';

const NAMED = 'As the audit log shall name it.';

/** Opens the dialog; `after` is called when there is a new agent. */
export function openAgentAdd(after) {
  const name = textField('Name', { required: true, placeholder: 'research-bot', help: NAMED });
  name.input.setAttribute('autofocus', '');
  name.input.addEventListener('input', () =>
    name.help(agentTrouble(name.input.value) || NAMED, agentTrouble(name.input.value) ? 'bad' : ''),
  );
  const grants = grantRows();
  const match = matchFields();
  const lifetime = lifetimeField();
  return openDialog({ title: 'Add an agent' }, (dialog) => ({
    body: [name.node, grants.node, lifetime.node, match.node],
    foot: [
      button('Cancel', dialog.quit),
      h('button', { type: 'submit', class: 'button button-main' }, icon('check'), 'Add'),
    ],
    submit: () => add(dialog, { name, grants, match, lifetime }, after),
  }));
}

function grantRows() {
  const rows = h('div', { class: 'stack' });
  const all = [];
  const another = () => {
    const one = grantRow(() => {
      all.splice(all.indexOf(one), 1);
      takeAway(one.node, more);
    });
    all.push(one);
    rows.append(one.node);
    return one;
  };
  const more = button('Add a grant', () => another().focus(), { kind: 'small', mark: 'plus' });
  another();
  return {
    node: h('div', { class: 'stack-tight' }, rows, h('div', { class: 'buttons' }, more)),
    read: () => all.map((one) => one.read()),
    check: () => all.every((one) => one.check()),
  };
}

function grantRow(remove) {
  const names = textField('Names', {
    required: true,
    placeholder: 'skill:openai:*',
    help: 'Names of secrets, apart by commas; * stands for any text.',
  });
  const org = textField('Organisation', { value: 'default', help: '* for every one.' });
  const boxes = Object.entries(GRANTABLE).map(([action, words]) => {
    const input = h('input', { type: 'checkbox', checked: action === 'read' || action === 'decrypt', value: action });
    return {
      input,
      node: h(
        'label',
        { class: 'check' },
        input,
        h('span', null, action, h('span', { class: 'muted small' }, ` ${words}`)),
      ),
    };
  });
  const node = h(
    'fieldset',
    { class: 'framed' },
    h('legend', null, 'Grant'),
    h('div', { class: 'grid-2' }, names.node, org.node),
    h(
      'div',
      { class: 'choices', role: 'group', 'aria-label': 'Actions' },
      boxes.map((one) => one.node),
    ),
    h('div', { class: 'buttons' }, button('Remove this grant', remove, { kind: 'small quiet', mark: 'close' })),
  );
  const read = () => ({
    orgId: org.input.value.trim() || 'default',
    names: names.input.value
      .split(',')
      .map((one) => one.trim())
      .filter(Boolean),
    actions: boxes.filter(({ input }) => input.checked).map(({ input }) => input.value),
  });
  const check = () => {
    if (read().names.length) return true;
    names.help('At least one name is needed.', 'bad');
    names.input.focus();
    return false;
  };
  return { node, read, check, focus: () => names.input.focus() };
}

function matchFields() {
  const fields = {
    uid: textField('User id', { placeholder: '1000' }),
    gid: textField('Group id', { placeholder: '1000' }),
    exe: textField('Program', { placeholder: '/usr/bin/node', help: 'Its path: evidence, not proof.' }),
    sha256: textField('SHA-256 of the program'),
  };
  const node = h(
    'details',
    null,
    h('summary', null, 'What its process must be'),
    h(
      'div',
      { class: 'grid-2' },
      Object.values(fields).map((one) => one.node),
    ),
  );
  const read = () => {
    const given = Object.entries(fields)
      .map(([key, { input }]) => [key, input.value.trim()])
      .filter(([, value]) => value);
    const typed = given.map(([key, value]) => [key, key.endsWith('id') && /^\d+$/.test(value) ? Number(value) : value]);
    return typed.length ? Object.fromEntries(typed) : undefined;
  };
  return { node, read };
}

async function add(dialog, { name, grants, match, lifetime }, after) {
  const wrong = agentTrouble(name.input.value);
  if (wrong) {
    name.help(wrong, 'bad');
    return void name.input.focus();
  }
  if (!grants.check()) return;
  const expiresAt = lifetime.read() ?? undefined;
  const { agent, token } = await api.post('/vault/agents', {
    name: name.input.value,
    grants: grants.read(),
    match: match.read(),
    expiresAt,
  });
  after();
  showToken(dialog, `${agent.name} is added`, token);
}
