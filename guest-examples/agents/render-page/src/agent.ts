// Renders a page of Markdown as a page of HTML that stands on its own.

import { InvalidInput, agent, log, type Context } from 'hap-guest';

import { page } from './page.js';

/** The node's settings: `params` in the graph. */
type Params = { style?: string };

export default agent(
  {
    name: 'render-page',
    version: '0.1.0',
    description: 'Renders a page of Markdown as a page of HTML that stands on its own.',
    readOnly: true,
    idempotent: true,
    input: {
      type: 'object',
      properties: { brief: { type: 'string', description: 'Markdown; HTML in it is shown and not obeyed.' } },
      required: ['brief'],
    },
    output: {
      type: 'object',
      properties: { page: { type: 'string', description: 'A whole document of HTML.' } },
      required: ['page'],
    },
  },
  async ({ brief }, context: Context<Params>) => {
    const { style } = context.params;
    if (style !== undefined && typeof style !== 'string') {
      throw new InvalidInput('`style` is not text: pass a style sheet');
    }
    const html = await page(brief, style);
    log.debug('rendered', { characters: html.length });
    return { page: html };
  },
);
