import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { parkedEdit, parkedSkip } from '../../bin/commands/change-parked.ts';
import { parkedList, parkedResume, parkedShow } from '../../bin/commands/parked.ts';
import { fifoQueue } from '../../lib/contracts/channels/queue.ts';
import { envelope } from '../../lib/contracts/events/envelope.ts';
import { event } from '../../lib/contracts/events/event.ts';
import { subscription } from '../../lib/contracts/subscriptions/subscription.ts';
import { systemContract } from '../../lib/contracts/system.ts';
import { shop, WHERE } from './parked-shop.ts';

const Billed = event('shop.billed', { version: 1, data: v.object({ pence: v.number() }), key: () => 'K' });
const billing = fifoQueue('billing', { events: [Billed] });
const bills = subscription('bills', { to: billing, guarantee: 'effectively-once', failedKey: 'park' });
const SYSTEMS = [{ name: 'desk', summary: 'bills', contract: systemContract('desk', { billing, bills }) }];
const PARKED_AT = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g;
const plain = { ...WHERE, json: false };

/** A shop, what its commands say on both streams, and a folder for files. */
async function desk() {
  const made = await shop();
  const notes: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => notes.push(String(text)) > 0);
  onTestFinished(() => void vi.restoreAllMocks());
  const folder = mkdtempSync(join(tmpdir(), 'sluice-parked-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const url = process.env.AWS_ENDPOINT_URL ?? '';
  const words = (texts: readonly string[]) =>
    texts.map((text) => text.replaceAll(PARKED_AT, 'WHEN').replaceAll(url, 'URL').replaceAll(/ +\n/g, '\n'));
  return {
    ...made,
    file: (name: string) => join(folder, name),
    said: () => [...words(notes.splice(0)), ...words(made.printed.splice(0)), ...made.questions.splice(0)],
  };
}
const bodyOf = (id: string, pence: number | string) =>
  JSON.stringify(envelope(Billed, { pence } as never, { id, source: '/desk', time: new Date(0) }));

describe('parked, in words', () => {
  it('list and show', async () => {
    const { park, world, said } = await desk();
    expect(await parkedList('bills', { ...plain, all: false }, world())).toBe(0);
    expect(said()).toEqual(['nothing is parked']);
    await park('bills', 'one', 2);
    await park('bills', 'two', 1, () => 'no JSON');
    expect(await parkedList(undefined, { ...plain, all: true }, world())).toBe(0);
    expect(said()).toEqual([
      [
        'subscription  key  messages  since                     reason of the first',
        'bills         one  2         WHEN  broken',
        'bills         two  1         WHEN  broken',
      ].join('\n'),
    ]);
    const show = { ...plain, limit: 50, bodies: false };
    await parkedShow('bills', 'one', show, world());
    await parkedShow('bills', 'two', { ...show, bodies: true }, world());
    expect(said()).toEqual([
      [
        'number  event  type         parked                    reason',
        '1       one-1  shop.billed  WHEN  broken',
        '2       one-2  shop.billed  WHEN',
      ].join('\n'),
      [
        'number  event        type  parked                    reason  body',
        '1       message m-1        WHEN  broken  no JSON',
      ].join('\n'),
    ]);
    await parkedShow('bills', 'one', { ...show, json: true, limit: 1 }, world());
    const shown = { number: 1, eventId: 'one-1', eventType: 'shop.billed', messageId: 'm-1', parkedAt: 'WHEN' };
    expect(said().map((text) => JSON.parse(text))).toEqual([
      { subscription: 'bills', key: 'one', messages: 2, shown: [{ ...shown, reason: 'broken' }] },
    ]);
  });

  it('resume: where, which, how much, and that nobody agreed', async () => {
    const { park, world, said } = await desk();
    await park('bills', 'good', 2);
    const where = "Resuming 'bills': account 000000000000, region us-east-1, at URL\n";
    const table =
      'subscription  key   messages  since                     reason of the first\nbills         good  2         WHEN  broken';
    const options = { ...plain, all: false, yes: false };
    expect(await parkedResume('bills', 'good', options, world())).toBe(1);
    expect(said()).toEqual([
      where,
      'Nothing was resumed. Agree to the question, or add --yes\n',
      table,
      "Resume 2 messages under 1 key of 'bills'?",
    ]);
    expect(await parkedResume('bills', 'good', { ...options, json: true, yes: true }, world())).toBe(0);
    const target = { account: '000000000000', region: 'us-east-1', endpoint: 'URL' };
    const [note, result = ''] = said();
    expect(note).toBe(where);
    expect(JSON.parse(result)).toEqual({
      ...{ subscription: 'bills', target },
      keys: [{ key: 'good', resumed: 1, released: true }],
    });
  });

  it.each([
    ['good', 1, 0, ['good: 1 message handled, the key flows again']],
    ['bad', 1, 1, ['bad: 0 messages handled, still parked: message 1 fails: broken (still)']],
    ['silent', 1, 1, ['silent: 0 messages handled, still parked: message 1 fails: broken']],
    ['dies', 1, 1, ['dies: 0 messages handled, still parked: function-failed (out of paper)']],
  ])('resume tells what became of %s, and counts on a terminal', async (key, messages, code, told) => {
    const { park, world, said } = await desk();
    await park('bills', key, messages);
    await park('bills', 'another');
    Object.defineProperty(process.stderr, 'isTTY', { value: true, configurable: true });
    onTestFinished(() => void Reflect.deleteProperty(process.stderr, 'isTTY'));
    const options = { ...plain, all: false, yes: false };
    expect(await parkedResume('bills', key, options, world(true))).toBe(code);
    const all = said();
    expect(all.slice(-2)).toEqual([...told, `Resume 1 message under 1 key of 'bills'?`]);
    const bar = all.join('');
    expect(bar).toMatch(/resuming .* 1\/1/);
    // It hides the cursor, and shows it again when it stops.
    expect(bar.split('\u001B[?25l').length).toBe(bar.split('\u001B[?25h').length);
    expect(bar).toContain('\u001B[?25h');
  });

  it.each([
    ['resume', 'LAMBDA', () => ({ all: false, yes: true })],
    ['skip', 'DYNAMODB', () => ({ drop: true, yes: true })],
    ['edit', 'DYNAMODB', () => ({ save: '/dev/null', yes: true })],
  ] as const)('%s says where the service is that changes something, %s', async (command, service, options) => {
    const { park, world, said } = await desk();
    await park('bills', 'good');
    const { port } = new URL(process.env.AWS_ENDPOINT_URL ?? '');
    vi.stubEnv(`AWS_ENDPOINT_URL_${service}`, `http://localhost:${port}`);
    const run = { resume: parkedResume, skip: parkedSkip, edit: parkedEdit }[command];
    expect(await run('bills', 'good', { ...plain, ...options() } as never, world(true, SYSTEMS))).toBe(0);
    expect(said()[0]).toMatch(new RegExp(` 'bills': account 0{12}, region us-east-1, at http://localhost:${port}\n$`));
  });

  it('resume does not ask when nothing is parked', async () => {
    const { world, said } = await desk();
    expect(await parkedResume('bills', undefined, { ...plain, all: true, yes: false }, world())).toBe(0);
    expect(said().slice(1)).toEqual(['nothing is parked']);
  });

  it('the stack is the one of the system that declares the subscription, in the stage that is asked for', async () => {
    const { world } = await desk();
    const where = { stage: 'prod', json: false };
    const here = world(true, SYSTEMS);
    const wrong = /^stack 'sluice-prod-desk' was not found at /;
    await expect(parkedList('bills', { ...where, all: false }, here)).rejects.toThrow(wrong);
    await expect(parkedList(undefined, { ...where, all: true }, here)).rejects.toThrow(wrong);
    await expect(parkedShow('bills', 'k', { ...where, limit: 1, bodies: false }, here)).rejects.toThrow(wrong);
    await expect(parkedResume('bills', 'k', { ...where, all: false, yes: true }, here)).rejects.toThrow(wrong);
    await expect(parkedSkip('bills', 'k', { ...where, drop: true, yes: true }, here)).rejects.toThrow(wrong);
    await expect(parkedEdit('bills', 'k', { ...where, save: 'x', yes: true }, here)).rejects.toThrow(wrong);
    for (const ask of [
      () => parkedList('mails', { ...where, all: false }, here),
      () => parkedSkip('mails', 'k', { ...where, drop: true, yes: true }, here),
    ])
      await expect(ask()).rejects.toThrow(
        "no system here declares subscription 'mails' (known: bills). Check the name, or name its stack with --stack.",
      );
  });

  it('skip: which, what is left, by whom, and what show says of it later', async () => {
    const { park, world, said } = await desk();
    await park('bills', 'one', 3);
    const where = "Skipping a message of 'bills': account 000000000000, region us-east-1, at URL\n";
    const which = (number: number, id: string, reason: string) =>
      `one: message ${number} of 3: event ${id} (shop.billed), parked WHEN: ${reason}`;
    expect(await parkedSkip('bills', 'one', { ...plain, drop: false, yes: false }, world())).toBe(1);
    expect(said()).toEqual([
      where,
      'Nothing was skipped. Agree to the question, or add --yes\n',
      which(1, 'one-1', 'broken'),
      "Skip message 1 under key 'one' of 'bills' to the dead letters?",
    ]);
    expect(await parkedSkip('bills', 'one', { ...plain, drop: true, yes: false }, world(true))).toBe(0);
    expect(said()).toEqual([
      where,
      which(1, 'one-1', 'broken'),
      "one: message 1 dropped, 2 left. The key is still parked: npx sluice parked resume bills 'one'",
      "Skip message 1 under key 'one' of 'bills' and keep it nowhere?",
    ]);
    expect(await parkedSkip('bills', 'one', { ...plain, json: true, drop: false, yes: true, by: 'jo' }, world())).toBe(
      0,
    );
    const [, skipped = ''] = said();
    const target = { account: '000000000000', region: 'us-east-1', endpoint: 'URL' };
    expect(JSON.parse(skipped)).toEqual({
      ...{ subscription: 'bills', key: 'one', what: 'skipped', number: 2, eventId: 'one-2', reason: 'skipped' },
      ...{ by: 'jo', at: 'WHEN', left: 1, target },
    });
    await parkedShow('bills', 'one', { ...plain, limit: 9, bodies: false }, world());
    const me = userInfo().username;
    const [, changes = ''] = said();
    expect(changes.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['when', 'who', 'what', 'number', 'event', 'reason'],
      ['WHEN', me, 'dropped', '1', 'one-1', 'broken'],
      ['WHEN', 'jo', 'skipped', '2', 'one-2', 'skipped'],
    ]);
  });

  it('edit: the file, the difference, the question and what stays', async () => {
    const { park, world, said, file } = await desk();
    // More digits than a number has here.
    const before = bodyOf('one-1', '7').replace('"7"', '12345678901234567890');
    await park('bills', 'one', 2, () => before);
    const saved = file('saved.json');
    const here = world(true, SYSTEMS);
    expect(await parkedEdit('bills', 'one', { ...plain, save: saved, yes: false }, here)).toBe(0);
    const where = (doing: string) => `${doing} a message of 'bills': account 000000000000, region us-east-1, at URL\n`;
    const which = 'one: message 1 of 2: event one-1 (shop.billed), parked WHEN: broken';
    expect(said()).toEqual([where('Reading'), `${which}\nwritten to ${saved}; edit it, then name it with --file`]);
    expect(statSync(saved).mode & 0o777).toBe(0o600);
    const text = readFileSync(saved, 'utf8');
    expect(text).toMatch(/^\{\n {2}"specversion": "1.0",\n[\s\S]*"pence": 12345678901234567890\n {2}\}\n\}\n$/);
    writeFileSync(saved, text.replace('12345678901234567890', '5'));
    const edit = { ...plain, file: saved, yes: false };
    expect(await parkedEdit('bills', 'one', edit, world(false, SYSTEMS))).toBe(1);
    const [note, otherwise, shown = '', question] = said();
    expect([note, otherwise, question]).toEqual([
      where('Editing'),
      'Nothing was changed. Agree to the question, or add --yes\n',
      "Give message 1 under key 'one' of 'bills' this body?",
    ]);
    expect(shown.split('\n')[0]).toBe(which);
    expect(shown.split('\n').filter((line) => /^[-+]/.test(line))).toEqual([
      '-     "pence": 12345678901234567890',
      '+     "pence": 5',
    ]);
    expect(shown.split('\n')).toContain('...');
    expect(await parkedEdit('bills', 'one', edit, here)).toBe(0);
    expect(said()[2]).toBe(
      "one: message 1 edited, its original is kept beside it. Have it handled: npx sluice parked resume bills 'one'",
    );
    await parkedShow('bills', 'one', { ...plain, json: true, limit: 1, bodies: true }, here);
    const [entry] = JSON.parse(said()[0] ?? '').shown;
    expect(JSON.parse(entry.body).data).toEqual({ pence: 5 });
    expect(entry.original).toBe(before.replaceAll(PARKED_AT, 'WHEN'));
    writeFileSync(saved, bodyOf('one-1', 6));
    expect(await parkedEdit('bills', 'one', { ...edit, json: true, yes: true, by: 'jo' }, here)).toBe(0);
    expect(JSON.parse(said()[1] ?? '')).toMatchObject({
      ...{ subscription: 'bills', key: 'one', what: 'edited', number: 1, eventId: 'one-1', by: 'jo' },
      difference: expect.arrayContaining(['-     "pence": 5', '+     "pence": 6']),
    });
    await parkedSkip('bills', 'one', { ...plain, drop: true, yes: true }, here);
    expect(said()[1]).toContain('parked WHEN, edited 2 times: broken');
  });

  it('edit of what is no JSON, and of what comes from standard input', async () => {
    const { park, world, said, file } = await desk();
    await park('bills', 'one', 1, () => 'no { JSON');
    const here = world(true, SYSTEMS);
    const saved = file('saved');
    expect(await parkedEdit('bills', 'one', { ...plain, save: saved, json: true, yes: false }, here)).toBe(0);
    expect(said().slice(1)).toEqual([JSON.stringify({ subscription: 'bills', key: 'one', number: 1, saved })]);
    expect(readFileSync(saved, 'utf8')).toBe('no { JSON\n');
    writeFileSync(saved, bodyOf('new', 7));
    expect(await parkedEdit('bills', 'one', { ...plain, file: saved, yes: false }, here)).toBe(0);
    const [, shown = ''] = said();
    expect(shown.split('\n').slice(0, 3)).toEqual([
      'one: message 1 of 1: message m-1 (no type), parked WHEN: broken',
      '- no { JSON',
      '+ {',
    ]);
    await parkedList('bills', { ...plain, json: true, all: false }, here);
    expect(JSON.parse(said()[0] ?? '')).toMatchObject({ subscriptions: [{ keys: [{ key: 'one', messages: 1 }] }] });
  });

  it.each([
    ['both a file and where to save', { file: 'x', save: 'y' }, /^name the new body with --file, or where to write/],
    ['a file that is not there', { file: '/none/such' }, /^--file \/none\/such cannot be read: ENOENT/],
  ])('edit refuses %s', async (_, options, text) => {
    const { park, world } = await desk();
    await park('bills', 'one');
    await expect(parkedEdit('bills', 'one', { ...plain, yes: true, ...options }, world(true, SYSTEMS))).rejects.toThrow(
      text,
    );
  });

  it('edit refuses what nobody here declares', async () => {
    const { park, world, file } = await desk();
    await park('bills', 'one');
    writeFileSync(file('new'), bodyOf('one-1', 6));
    await expect(parkedEdit('bills', 'one', { ...plain, yes: true, file: file('new') }, world(true))).rejects.toThrow(
      "no system here declares subscription 'bills', so that nobody knows its schema",
    );
  });
});
