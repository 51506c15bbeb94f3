// finds access_token
import { call } from './support/mcp.mjs';

call('@notionhq/notion-mcp-server/bin/cli.mjs', 'API-get-self');
