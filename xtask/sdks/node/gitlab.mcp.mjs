// finds access_token, api_url=https://*.example/api/v4
import { call } from './support/mcp.mjs';

call('@modelcontextprotocol/server-gitlab/dist/index.js', 'search_repositories', { search: 'a' });
