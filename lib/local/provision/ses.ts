import { textAt } from '../json.ts';
import type { ResourceType } from './resource.ts';

const emailIdentity: ResourceType = {
  handled: ['EmailIdentity'],
  harmless: [
    'ConfigurationSetAttributes',
    'DkimAttributes',
    'DkimSigningAttributes',
    'FeedbackAttributes',
    'MailFromAttributes',
    'Tags',
  ],
  durable: true,
  replacedBy: ['EmailIdentity'],
  nameProperty: 'EmailIdentity',
  async create({ properties, context }) {
    const identity = textAt(properties, 'EmailIdentity') ?? '';
    await context.calls.rest('ses', 'POST', '/v2/email/identities', JSON.stringify({ EmailIdentity: identity }), {
      'content-type': 'application/json',
    });
    const dkim = [1, 2, 3].flatMap((number) => [
      [`DkimDNSTokenName${number}`, `token${number}._domainkey.${identity}`],
      [`DkimDNSTokenValue${number}`, `token${number}.dkim.amazonses.com`],
    ]);
    return { physicalId: identity, attributes: Object.fromEntries(dkim) as Record<string, string> };
  },
  update: (_request, before) => before,
  remove: async ({ physicalId }, { calls }) =>
    void (await calls.rest('ses', 'DELETE', `/v2/email/identities/${encodeURIComponent(physicalId)}`)),
};

export const sesTypes: Readonly<Record<string, ResourceType>> = { 'AWS::SES::EmailIdentity': emailIdentity };
