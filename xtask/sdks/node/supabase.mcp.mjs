// finds access_token=sbp_*
import { call } from './support/mcp.mjs';

call('@supabase/mcp-server-supabase/dist/cli.js', 'list_projects');
