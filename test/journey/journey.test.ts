import { TestSuite } from '../support/suite.ts';
import { fourWeeksOfNorthwind } from './northwind.ts';

describe('four weeks of Northwind Labs', () => fourWeeksOfNorthwind((at) => TestSuite.start({ at })));
