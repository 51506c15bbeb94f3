// finds access_token
import { call } from './support/mcp.mjs';

call('@brave/brave-search-mcp-server/dist/index.js', 'brave_web_search', { query: 'a' });
