import { testBuilds } from './engines.js';
import { cases } from './face.js';

testBuilds(cases);
