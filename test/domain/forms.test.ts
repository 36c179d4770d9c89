import assert from 'node:assert/strict';
import canonicalize from 'canonicalize';
import { FORMS, type Form } from '../../shared/domain/ledger/forms.ts';
import { FORBIDDEN, FORM_SAMPLES } from '../support/form-samples.ts';

const forms = Object.keys(FORMS) as Form[];

describe('the forms of a ledger record', () => {
  it('all have samples, so that none goes untested', () => {
    assert.deepEqual(Object.keys(FORM_SAMPLES).sort(), [...forms].sort());
  });

  for (const form of forms) {
    const { good, bad } = FORM_SAMPLES[form];

    it(`${form} takes ${good.length} texts of its form`, () => {
      for (const text of good) assert.ok(FORMS[form](text), JSON.stringify(text));
    });

    it(`${form} takes none of ${bad.length} that look like it`, () => {
      for (const text of bad) assert.ok(!FORMS[form](text), JSON.stringify(text));
    });

    it(`${form} takes nothing that JSON would escape or that is not printable ASCII`, () => {
      for (const text of good) {
        for (const character of FORBIDDEN) {
          for (const spoiled of [character + text, text + character, text.slice(0, 1) + character + text.slice(1)]) {
            assert.ok(!FORMS[form](spoiled), JSON.stringify(spoiled));
          }
        }
      }
    });

    it(`${form} is ${form.endsWith('?') ? 'also empty' : 'never empty'}`, () => {
      assert.equal(FORMS[form](''), form.endsWith('?'));
    });

    it(`${form} answers in an instant, however long the text`, () => {
      const started = performance.now();
      for (const unit of ['a', '1', '9', '-', '/', '.', 'A', '0.', 'a/']) {
        FORMS[form](unit.repeat(50_000) + '!');
        FORMS[form](unit.repeat(50_000));
      }
      assert.ok(performance.now() - started < 1000, `${performance.now() - started} ms for 18 texts`);
    });
  }

  it('are plain: JSON writes every sample as it is, between two quotes', () => {
    for (const form of forms) for (const text of FORM_SAMPLES[form].good) assert.equal(canonicalize(text), `"${text}"`);
  });
});
