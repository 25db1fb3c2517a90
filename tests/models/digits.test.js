import { testBuilds } from './engines.js';
import { cases } from './digits.js';

testBuilds(cases);
