// finds access_token
import { google } from '@ai-sdk/google';
import { generateText } from 'ai';
import './support/redirected.mjs';

await generateText({ model: google('a'), prompt: 'a', maxRetries: 0 });
