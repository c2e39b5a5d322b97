// Markdown of a stranger as HTML: what it says is shown, and nothing in it is obeyed.

import { Marked, type Tokens } from 'marked';

const STYLE = `
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; }
th, td { border-bottom: 1px solid #ccc; padding: 0.2rem 0.8rem 0.2rem 0; text-align: left; vertical-align: top; }
`;

/** The document. Its title is the first heading's text. */
export async function page(markdown: string, style: string = STYLE): Promise<string> {
  let title = 'Untitled';
  const marked = new Marked({
    async: true,
    gfm: true,
    renderer: {
      html: ({ text }: Tokens.HTML | Tokens.Tag) => escape(text),
      image: ({ text }: Tokens.Image) => escape(text),
      link({ href, tokens }: Tokens.Link) {
        const text = this.parser.parseInline(tokens);
        return /^(https?:|mailto:|#)/i.test(href) ? `<a href="${escape(href)}">${text}</a>` : text;
      },
    },
    walkTokens(token) {
      if (token.type === 'heading' && title === 'Untitled') {
        title = (token as Tokens.Heading).text;
      }
    },
  });
  const body = await marked.parse(markdown);
  // A style sheet ends at the first end tag, whatever comes before it.
  const css = style.replaceAll('</', '<\\/');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${escape(title)}</title>
<style>${css}</style>
</head>
<body>
${body}</body>
</html>
`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
