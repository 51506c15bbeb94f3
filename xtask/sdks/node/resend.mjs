// finds access_token
import { Resend } from 'resend';
import './support/redirected.mjs';

await new Resend().domains.list();
