import { AwsCallError } from '../../call.ts';
import { textAt } from '../../json.ts';
import { alreadyExists, type ResourceType } from '../resources/resource.ts';

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
  async create(request) {
    const { properties, context, resumes } = request;
    const identity = textAt(properties, 'EmailIdentity') ?? '';
    const body = JSON.stringify({ EmailIdentity: identity });
    try {
      await context.calls.rest('ses', 'POST', '/v2/email/identities', body, { 'content-type': 'application/json' });
    } catch (error) {
      if (!(error instanceof AwsCallError) || error.code !== 'AlreadyExistsException') throw error;
      // It was being made when the engine was killed.
      if (!resumes) throw alreadyExists(request, identity);
    }
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
