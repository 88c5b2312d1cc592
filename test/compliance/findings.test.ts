import { expect, it } from 'vitest';
import { CHECKOV_ACCEPTED } from './checkov-accepted.ts';
import { toDo } from './findings.ts';

const finding = (rule: string, resource: string) => ({ rule, resource, message: 'is wrong' });

it('has nothing to do when every finding is accepted', () => {
  const accepted = { A1: { reason: 'because' }, A2: { reason: 'because', on: /^logs/ } };
  expect(toDo([finding('A1', 'queue'), finding('A1', 'topic'), finding('A2', 'logsBucket')], accepted)).toEqual([]);
});

it('names what nobody has accepted, once', () => {
  const accepted = { A2: { reason: 'because', on: /^logs/ } };
  const findings = [
    finding('A1', 'queue'),
    finding('A1', 'queue'),
    finding('A2', 'invoices'),
    finding('A2', 'logsBucket'),
  ];
  expect(toDo(findings, accepted)).toEqual(['A1 queue: is wrong', 'A2 invoices: is wrong']);
});

it('names what is accepted in vain', () => {
  const accepted = { A1: { reason: 'because' }, A2: { reason: 'because', on: /^logs/ } };
  expect(toDo([finding('A1', 'queue')], accepted)).toEqual(['A2 is accepted but does not occur: delete its line']);
});

it('has a reason in words for every check of checkov that is not followed', () => {
  for (const [rule, { reason }] of Object.entries(CHECKOV_ACCEPTED)) {
    expect([rule, reason.split(' ').length > 8]).toEqual([rule, true]);
  }
});
