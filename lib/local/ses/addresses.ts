/** What of a SendEmail says who sends to whom. */
export interface Envelope {
  readonly FromEmailAddress?: string;
  readonly Destination?: {
    readonly ToAddresses?: readonly string[];
    readonly CcAddresses?: readonly string[];
    readonly BccAddresses?: readonly string[];
  };
  readonly Content?: { readonly Raw?: { readonly Data?: string } };
}

/** Addresses without names: of a raw message that is sent without sender or destination, those of its header. */
export function partiesOf({ FromEmailAddress, Destination = {}, Content }: Envelope): {
  readonly sender: string;
  readonly recipients: readonly string[];
} {
  const { ToAddresses = [], CcAddresses = [], BccAddresses = [] } = Destination;
  const given = [...ToAddresses, ...CcAddresses, ...BccAddresses];
  const raw = Buffer.from(Content?.Raw?.Data ?? '', 'base64').toString('utf8');
  const recipients = given.length > 0 ? given : ['to', 'cc', 'bcc'].flatMap((name) => inHeader(raw, name));
  return {
    sender: bare(FromEmailAddress ?? inHeader(raw, 'from')[0] ?? ''),
    recipients: recipients.map(bare),
  };
}

/** `Shop <shop@example.org>` -> `shop@example.org` */
const bare = (address: string): string => (/<([^<>]+)>\s*$/.exec(address)?.[1] ?? address).trim();

function inHeader(message: string, name: string): string[] {
  const header = message.split(/\r?\n\r?\n/, 1)[0] ?? '';
  const line = header
    .replaceAll(/\r?\n[ \t]+/g, ' ')
    .split(/\r?\n/)
    .find((text) => text.toLowerCase().startsWith(`${name}:`));
  return (line?.slice(name.length + 1) ?? '')
    .split(',')
    .map((address) => address.trim())
    .filter((address) => address !== '');
}
