/** Where the e-mails that are written rather than sent are, in their bucket. */
export const WRITTEN_MAIL_PREFIX = 'mails/';

/** How a function is to hand e-mails on, as JSON in its environment. */
export type MailRoute =
  | { readonly bucket: string }
  | {
      readonly from: string;
      /** `{customer}` stands for the customer's number. */
      readonly to: string;
      /** Least time from one e-mail of an instance to its next, milliseconds. */
      readonly intervalMs: number;
    };
