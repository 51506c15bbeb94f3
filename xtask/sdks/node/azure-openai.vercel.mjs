// finds access_token, resource_name
import { azure } from '@ai-sdk/azure';
import { generateText } from 'ai';
import './support/redirected.mjs';

await generateText({ model: azure('a'), prompt: 'a', maxRetries: 0 });
