// finds access_token
import { call } from './support/mcp.mjs';

call('@modelcontextprotocol/server-github/dist/index.js', 'search_repositories', { query: 'a' });
