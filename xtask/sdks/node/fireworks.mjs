// finds access_token
import { fireworks } from '@ai-sdk/fireworks';
import { generateText } from 'ai';
import './support/redirected.mjs';

await generateText({ model: fireworks('a'), prompt: 'a', maxRetries: 0 });
