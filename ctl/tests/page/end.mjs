// The dashboard ends, and another program takes its port: the open tab tells it nothing.

import { createServer } from 'node:http';
import { assert, calm, enter, field, go, holdings, newLink, scenario, still, store, stopped, vaultctl, visitor } from './support.mjs';

const KEY = process.env.PAGE_KEY;
const VALUE = 'typed-into-the-page';

/** Takes a port as soon as it is free, and notes everything that comes; answers as a vault that is locked would. */
async function thief(port) {
  const heard = [];
  const status = { locked: true, lockReason: 'idle', configured: true, warnings: [], proof: 'A'.repeat(43) };
  const server = createServer((request, answer) => {
    let body = '';
    request.on('data', (piece) => {
      body += piece;
    });
    request.on('end', () => {
      // The browser asks for the icon of any page by itself.
      heard.push({ line: `${request.method} ${request.url}`, body });
      answer.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(status));
    });
  });
  for (;;) {
    const bound = await new Promise((done) => {
      server.once('error', () => done(false));
      server.listen(port, '127.0.0.1', () => done(true));
    });
    if (bound) return { heard, end: () => server.close() };
    await new Promise((done) => {
      setTimeout(done, 5);
    });
  }
}

const portOf = (link) => Number(new URL(link).port);

/** Does what a person could still try in a tab that has ended. */
async function triedOn(page) {
  for (const hash of ['#/audit', '#/status', '#/secrets']) {
    await page.evaluate((hash) => {
      location.hash = hash;
    }, hash);
  }
  await page.keyboard.press('Enter');
  await page.evaluate(() => dispatchEvent(new Event('focus')));
  await still(page);
}

const ways = {
  // Ctrl-C while a value is typed: it is gone from the page, and the thief hears nothing at all.
  async interrupted(browser) {
    const me = await enter(browser);
    const { page } = me;
    await page.getByRole('button', { name: 'Add secret' }).first().click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('tab', { name: 'Custom secret' }).click();
    await field(dialog, 'Value').fill(VALUE);
    const port = portOf(me.link);
    stopped('SIGINT');
    const other = await thief(port);
    await page.getByRole('heading', { name: 'The dashboard has ended' }).waitFor();
    await triedOn(page);
    assert.deepEqual(other.heard, []);
    assert.ok(!(await holdings(page)).includes(VALUE), 'what was typed is still there');
    assert.equal(await page.evaluate(() => sessionStorage.length), 0);
    await page.screenshot({ path: `${process.env.PAGE_PICTURES}/ended.png` });
    calm(me);
    other.end();
  },

  // The idle time is over, and nobody looks.
  async idle(browser) {
    const me = await enter(browser, {}, ['--idle', '1']);
    const other = thief(portOf(me.link));
    await me.page.getByRole('heading', { name: 'The dashboard has ended' }).waitFor({ timeout: 120_000 });
    const { heard, end } = await other;
    await triedOn(me.page);
    assert.deepEqual(heard, []);
    calm(me);
    end();
  },

  // A tab that learns of nothing, as if the end of its stream were lost: the thief is asked for a proof, and gets no more.
  async unnoticed(browser) {
    vaultctl(['lock']);
    const me = await visitor(browser);
    const { page } = me;
    // Its stream has begun, and never ends.
    await page.addInitScript(() => {
      const ask = window.fetch;
      const start = (one) => one.enqueue(new TextEncoder().encode('event: vault\ndata: locked\n\n'));
      const endless = async () => new Response(new ReadableStream({ start }));
      window.fetch = (...given) => (given[0] === '/session/stream' ? endless() : ask(...given));
    });
    const link = await newLink();
    const port = portOf(link);
    await page.goto(link);
    await go(page, 'Status');
    await page.getByRole('button', { name: 'Unlock…' }).first().click();
    await field(page.getByRole('dialog'), 'Key').fill(KEY);
    stopped('SIGKILL');
    const other = await thief(port);
    await page.getByRole('dialog').getByRole('button', { name: 'Unlock' }).click();
    await page.getByRole('heading', { name: 'This is not your dashboard any more' }).waitFor();
    await triedOn(page);
    assert.deepEqual([...new Set(other.heard.map(({ line }) => line))], ['POST /session/proof']);
    assert.ok(!JSON.stringify(other.heard).includes(KEY), 'the thief heard the key');
    assert.ok(!(await holdings(page)).includes(KEY), 'the key is still in the page');
    other.end();
  },
};

await scenario(async (browser) => {
  store([{ name: 'alpha', value: 'value-of-alpha' }]);
  await ways[process.argv[2]](browser);
});
