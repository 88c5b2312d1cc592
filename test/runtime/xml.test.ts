import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { childOf, parseXml } from '../../lib/formats/xml.ts';
import { PROTOCOLS } from '../../lib/runtime/aws/protocols/protocol.ts';
import { xmlError } from '../../lib/runtime/aws/protocols/xml-error.ts';

describe('parseXml', () => {
  it.each([
    ['an element', '<a/>', { name: 'a', children: [], text: '' }],
    ['text', '<a>b c</a>', { name: 'a', children: [], text: 'b c' }],
    [
      'what stands around it',
      '\uFEFF<?xml version="1.0"?>\n<!-- <x> --><a>b</a >\n',
      { name: 'a', children: [], text: 'b' },
    ],
    ['attributes', `<a xmlns="http://x/" b = 'c>d'>e</a>`, { name: 'a', children: [], text: 'e' }],
    [
      'entities, once',
      '<a>&lt;&amp;lt;&gt;&quot;&apos;&#65;&#x1F600;</a>',
      { name: 'a', children: [], text: `<&lt;>"'A😀` },
    ],
    [
      'what is not to be read',
      '<a>1<!-- &x; </a> -->2<![CDATA[<b>&amp;]]>3</a>',
      { name: 'a', children: [], text: '12<b>&amp;3' },
    ],
  ])('reads %s', (_, xml, root) => expect(parseXml(xml)).toEqual(root));

  it.each([
    ['nothing', ''],
    ['text', 'ok'],
    ['an element that is not closed', '<a><b></b>'],
    ['an element closed by another', '<a><b></a></b>'],
    ['an element that was not opened', '<a/></a>'],
    ['two documents', '<a/><b/>'],
    ['text behind it', '<a/>more'],
    ['a document type', '<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>'],
    ['an entity nobody declared', '<a>&e;</a>'],
    ['an entity without an end', '<a>R&D</a>'],
    ['a character beyond Unicode', '<a>&#x110000;</a>'],
    ['an attribute without a value', '<a b>c</a>'],
    ['half a tag', '<a>b</a'],
    ['JSON', '{"a":1}'],
  ])('refuses %s', (_, xml) => expect(() => parseXml(xml)).toThrow(SyntaxError));

  it('reads back any text', () => {
    const escaped = (text: string) => text.replace(/[<>&"']/g, (c) => `&#${c.charCodeAt(0)};`);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => parseXml(`<a>${escaped(text)}</a>`).text === text),
    );
  });

  it('does not take one of several for the one', () => {
    expect(childOf(parseXml('<a><b>1</b></a>'), 'c')).toBeUndefined();
    expect(() => childOf(parseXml('<a><b>1</b><b>2</b></a>'), 'b')).toThrow('has <b> 2 times in <a>');
  });
});

describe('an answer of SNS', () => {
  const decode = (result: string) =>
    PROTOCOLS.sns.decode(
      {
        status: 200,
        headers: {},
        body: Buffer.from(
          `<PublishBatchResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishBatchResult>${result}</PublishBatchResult></PublishBatchResponse>`,
        ),
      },
      'PublishBatch',
    );

  it.each([
    ['in one order', '<member><Id>0</Id><Code>E</Code><Message>m</Message><SenderFault>true</SenderFault></member>'],
    ['in another', '<member><SenderFault>true</SenderFault><Message>m</Message><Code>E</Code><Id>0</Id></member>'],
  ])('is read with its members %s', (_, member) => {
    const Failed = [{ Id: '0', Code: 'E', Message: 'm', SenderFault: true }];
    expect(decode(`<Failed>${member}</Failed><Successful/>`)).toEqual({ Successful: [], Failed });
  });

  it('is read with members that look like markup', () => {
    const words = 'no &lt;/member&gt;&lt;Code&gt;X&lt;/Code&gt; &amp;amp; so';
    const answer = `<Successful><member><Id>1</Id><MessageId>m</MessageId></member></Successful><Failed><member><Id>0</Id><Code>E</Code><Message>${words}</Message><SenderFault>false</SenderFault></member></Failed>`;
    expect(decode(answer)).toEqual({
      Successful: [{ Id: '1', MessageId: 'm' }],
      Failed: [{ Id: '0', Code: 'E', Message: 'no </member><Code>X</Code> &amp; so', SenderFault: false }],
    });
  });

  it('is not read with a member twice', () => {
    expect(() => decode('<Successful><member><Id>0</Id><Id>1</Id></member></Successful>')).toThrow('has <Id> 2 times');
  });
});

describe('an error in XML', () => {
  const read = (xml: string) => xmlError({ status: 400, headers: {}, body: Buffer.from(xml) });
  it.each([
    ['of S3', '<Error><Code>NoSuchKey</Code><Message>a &amp; b</Message><Key>k</Key></Error>', 'NoSuchKey', 'a & b'],
    [
      'of SNS',
      '<ErrorResponse><Error><Type>Sender</Type><Message>m</Message><Code>C</Code></Error></ErrorResponse>',
      'C',
      'm',
    ],
    ['without words', '<Error><Code>C</Code></Error>', 'C', 'the service answered 400'],
    [
      'that quotes another',
      '<Error><Message>&lt;Code&gt;No&lt;/Code&gt;</Message><Code>C</Code></Error>',
      'C',
      '<Code>No</Code>',
    ],
    ['that only mentions a code', '<html><Code>C</Code></html>', 'UnknownError', 'the service answered 400'],
    ['without a code', '<Error/>', 'UnknownError', 'the service answered 400'],
    ['that is none', 'Bad Gateway', 'UnknownError', 'the service answered 400'],
    ['of nothing', '', 'UnknownError', 'the service answered 400'],
  ])('%s', (_, xml, name, message) => expect(read(xml)).toMatchObject({ name, message, status: 400 }));
});
