import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseEmail } from '../../src/data/email.js';
import { htmlToText } from '../../src/data/html-text.js';
import { readSource } from '../../src/data/read-source.js';

const mail = (...lines: string[]): Buffer => Buffer.from(lines.join('\n'), 'latin1');

describe('parsing e-mails', () => {
  it('takes subject and body, and no other header', () => {
    const message = mail(
      'From someone@example.org  Thu Aug 22 13:17:22 2002',
      'Received: from a.example',
      '\tby b.example; Thu, 22 Aug 2002',
      'List-Id: <secret.list>',
      'Subject: Hello',
      '  again',
      '',
      'The body.',
      'Its end.',
    );
    expect(parseEmail(message)).toEqual({ subject: 'Hello again', body: 'The body.\nIts end.' });
  });

  it('decodes encoded words of the subject, several in a row without the space between', () => {
    const subject = (text: string) => parseEmail(mail(`Subject: ${text}`, '', 'x')).subject;
    expect(subject('=?iso-8859-1?Q?Gr=FC=DFe_aus?= Berlin')).toBe('Grüße aus Berlin');
    expect(subject('=?UTF-8?B?5p2x?= =?UTF-8?B?5Lqs?=')).toBe('東京');
    expect(subject('=?no-such-charset?Q?caf=E9?=')).toBe('café');
    expect(subject('=?broken')).toBe('=?broken');
  });

  it('decodes quoted-printable and base64 in their character sets', () => {
    const type = 'Content-Type: text/plain; charset="iso-8859-1"';
    expect(
      parseEmail(mail(type, 'Content-Transfer-Encoding: quoted-printable', '', 'caf=E9 is =', 'open =3D yes'))
        .body,
    ).toBe('café is open = yes');
    const big5 = 'Content-Type: text/plain; charset=big5';
    expect(parseEmail(mail(big5, 'Content-Transfer-Encoding: base64', '', 'pKSk', '5Q==')).body).toBe('中文');
    expect(parseEmail(Buffer.from('Subject: a\n\ncafé 東京')).body).toBe('café 東京');
    expect(parseEmail(mail('Content-Type: text/plain; charset=utf-8', '', 'caf\xe9')).body).toBe('café');
  });

  it('prefers plain text, else takes the text of the HTML', () => {
    const parts = (plain: string) =>
      mail(
        'MIME-Version: 1.0',
        'Content-Type: multipart/alternative; boundary="=_x"',
        '',
        'Preamble.',
        '--=_x',
        'Content-Type: text/plain',
        '',
        plain,
        '--=_x',
        'Content-Type: text/html',
        '',
        '<html><style>p { color: red }</style><p>Rich&nbsp;text &amp; more</p></html>',
        '--=_x--',
        'Epilogue.',
      );
    expect(parseEmail(parts('Plain text')).body).toBe('Plain text');
    expect(parseEmail(parts('')).body).toBe('Rich text & more');
  });

  it('leaves attachments and pictures out, and reads mails inside mails', () => {
    const message = mail(
      'Content-Type: multipart/mixed; boundary=outer',
      '',
      '--outer',
      '',
      'See below.',
      '--outer',
      'Content-Type: image/gif',
      'Content-Transfer-Encoding: base64',
      '',
      'R0lGODlh',
      '--outer',
      'Content-Type: text/plain',
      'Content-Disposition: attachment; filename=a.txt',
      '',
      'attached',
      '--outer',
      'Content-Type: message/rfc822',
      '',
      'Subject: Forwarded',
      'From: x@example.org',
      '',
      'Inner body',
      '--outer--',
    );
    expect(parseEmail(message).body).toBe('See below.\n\nForwarded\nInner body');
  });

  it('reads what it can of a mail that is cut off or lacks its boundary', () => {
    const head = ['Content-Type: multipart/mixed; boundary=b', ''];
    expect(parseEmail(mail(...head, '--b', 'Content-Type: text/plain', '', 'cut off he')).body).toBe(
      'cut off he',
    );
    expect(parseEmail(mail(...head, 'no boundary at all')).body).toBe('no boundary at all');
    expect(parseEmail(mail('This is no header', 'at all')).body).toBe('This is no header\nat all');
    expect(parseEmail(Buffer.alloc(0))).toEqual({ subject: '', body: '' });
  });

  it('never throws, whatever the bytes', () => {
    const line = fc.constantFrom(
      'Subject: =?x?Q?=E9?=',
      'Content-Type: multipart/mixed; boundary=b',
      'Content-Type: text/html',
      '',
      '--b',
      '--b--',
      'Content-Transfer-Encoding: base64',
      '<p',
      '&#99999999;',
      '<!--',
      '====',
      'Content-Type: message/rfc822',
      '\u0000ÿ',
    );
    fc.assert(
      fc.property(fc.array(line), fc.uint8Array(), (lines, bytes) => {
        parseEmail(Buffer.concat([mail(...lines), Buffer.from(bytes)]));
      }),
      { numRuns: 500 },
    );
  });

  it('is what the format email reads, with the folder as a column', async () => {
    const path = await mkdtemp(join(tmpdir(), 'roux-mail-'));
    await mkdir(join(path, 'spam'));
    await writeFile(join(path, 'spam', '1.eml'), mail('Subject: Buy', '', 'now'));
    for await (const item of readSource({ path, format: 'email' })) {
      expect(item).toMatchObject({
        values: { text: 'Buy\nnow', subject: 'Buy', body: 'now', file: 'spam/1.eml', folder: 'spam' },
      });
    }
  });
});

describe('text of HTML', () => {
  it('keeps what is shown, on the lines where it is shown', () => {
    expect(htmlToText('<h1>A</h1><p>b  c<br>d</p><ul><li>e<li>f</ul>')).toBe('A\n\nb c\nd\n\ne\nf');
    expect(htmlToText('<head><title>no</title></head><body>yes<script>no()</script>!</body>')).toBe('yes!');
    expect(htmlToText('a<!-- <p>no</p> -->b <img alt="x > y"> c')).toBe('ab c');
    expect(htmlToText('<table><tr><td>1</td><td>2</td></tr></table>')).toBe('1 2');
  });

  it('resolves character references', () => {
    expect(htmlToText('&lt;b&gt; &eacute;&Eacute; &#8364; &#x20AC; &#150; &nbsp;&unknown; &copy')).toBe(
      '<b> éÉ € € – &unknown; ©',
    );
  });

  it('loses no text to broken markup', () => {
    expect(htmlToText('1 < 2 and 3 > 2')).toBe('1 < 2 and 3 > 2');
    expect(htmlToText('<style>never closed <p>shown')).toBe('never closed\nshown');
    expect(htmlToText('<a href="never closed>text</a> more')).toContain('more');
  });
});
