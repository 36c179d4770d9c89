import { CloudTestSuite } from '../support/cloud-suite.ts';
import { describeOnEmulators } from '../support/emulators.ts';
import { fourWeeksOfNorthwind } from './northwind.ts';

describeOnEmulators(
  'four weeks of Northwind Labs on Google’s clients',
  ['spanner', 'firestore', 'pubsub'],
  function () {
    this.timeout(120_000);
    fourWeeksOfNorthwind((at) => CloudTestSuite.start({ at, name: 'northwind' }));
  },
);
