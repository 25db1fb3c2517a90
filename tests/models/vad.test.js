import { testBuilds } from './engines.js';
import { cases } from './vad.js';

testBuilds(cases);
