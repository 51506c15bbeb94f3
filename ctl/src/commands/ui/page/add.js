// Storing secrets: a platform's fields, one secret of any name, or the lines of a `.env` file.

import { customPart } from './addcustom.js';
import { envPart } from './addenv.js';
import { platformPart } from './addplatform.js';
import { button, h, icon } from './dom.js';
import { form, openDialog } from './dialog.js';
import { plain } from './names.js';
import { textField } from './fields.js';
import { counted } from './format.js';
import { say } from './say.js';
import { tabs } from './tabs.js';

/** Opens the dialog; `done` is called when something was stored. */
export function openAdd({ done, org }) {
  const place = textField('Organisation', {
    value: org || 'default',
    help: 'Names are unique in one organisation; agents ask in default unless told otherwise.',
  });
  const go = h('button', { type: 'submit', class: 'button button-main' }, icon('check'), 'Store');
  return openDialog({ title: 'Add secrets' }, (dialog) => {
    const context = {
      org: () => orgOf(place),
      changed: (listener) => place.input.addEventListener('change', listener),
      form: (children, keep) => form(dialog, children, () => store(dialog, keep, place, done)),
    };
    // Each has a form of its own, and what they share belongs to the one that is shown.
    const parts = [platformPart(context), customPart(context), envPart(context)];
    const words = ['Platform', 'Custom secret', 'Paste .env'];
    const shown = (at) => [go, place.input].forEach((one) => one.setAttribute('form', parts[at].form.id));
    return {
      body: [
        tabs('What to add', words.map((one, at) => ({ words: one, node: parts[at].node })), shown),
        h('details', null, h('summary', null, 'Organisation'), place.node),
      ],
      foot: [button('Cancel', dialog.quit), go],
    };
  });
}

async function store(dialog, keep, place, done) {
  if (!plain(orgOf(place)))
    return void place.help('1 to 256 bytes, no control characters, no space at either end.', 'bad');
  const names = await keep();
  if (!names) return;
  dialog.close();
  say(names.length === 1 ? `${names[0]} is stored.` : `${counted(names.length, 'secret')} are stored.`);
  done();
}

const orgOf = (place) => place.input.value.trim() || 'default';
