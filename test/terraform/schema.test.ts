import assert from 'node:assert/strict';
import { readBindings } from '../../scripts/check-terraform/read-bindings.ts';
import { schemaText } from '../../scripts/check-terraform/regenerate-schema.ts';
import { readSchema } from '../../scripts/check-terraform/schema.ts';

// The form of the generated bindings, with a resource that does not exist.
const BINDINGS = `
export interface LetterConfig extends cdktf.TerraformMetaArguments {
  /**
  * How it travels. Default value: "AIR" Possible values: ["AIR",
  * "SEA"]
  *
  * Docs at Terraform Registry: {@link https://example/letter#way Letter#way}
  */
  readonly way?: string;
}
export interface LetterStamp {
}
export class LetterStampOutputReference extends cdktf.ComplexObject {
  public constructor(terraformResource: cdktf.IInterpolatingParent, terraformAttribute: string) {
    super(terraformResource, terraformAttribute, false, 0);
  }

  // cents - computed: false, optional: false, required: true
  private _cents?: number;
  public get cents() {
    return this.getNumberAttribute('cents');
  }
}
export class LetterSealOutputReference extends cdktf.ComplexObject {
  // color - computed: true, optional: false, required: false
  public get color() {
    return this.getStringAttribute('color');
  }
}
export class LetterSealList extends cdktf.ComplexList {
}
export class Letter extends cdktf.TerraformResource {
  public static readonly tfResourceType = "google_letter";

  // ==========
  // ATTRIBUTES
  // ==========

  // way - computed: false, optional: true, required: false
  private _way?: string;
  public get way() {
    return this.getStringAttribute('way');
  }

  // readers - computed: false, optional: true, required: false
  private _readers?: string[];
  public get readers() {
    return cdktf.Fn.tolist(this.getListAttribute('readers'));
  }

  // seals - computed: true, optional: false, required: false
  private _seals = new LetterSealList(this, "seals", false);
  public get seals() {
    return this._seals;
  }

  // stamp - computed: false, optional: false, required: true
  private _stamp = new LetterStampOutputReference(this, "stamp");
  public get stamp() {
    return this._stamp;
  }

  // =========
  // SYNTHESIS
  // =========
}
`;

describe('the schema that is read out of the bindings', () => {
  it('tells arguments, their types and their listed values; blocks, and how often they may occur', () => {
    assert.deepEqual(readBindings(BINDINGS), {
      kind: 'resource',
      type: 'google_letter',
      attributes: {
        readers: { type: ['set', 'string'], optional: true },
        seals: { type: ['list', ['object', { color: 'string' }]], computed: true },
        way: { type: 'string', optional: true, values: ['AIR', 'SEA'] },
      },
      blocks: {
        stamp: {
          nesting: 'list',
          min: 1,
          max: 1,
          block: { attributes: { cents: { type: 'number', required: true } }, blocks: {} },
        },
      },
    });
  });

  it('is written in one order, whatever order it was read in', () => {
    const letter = readBindings(BINDINGS);
    const provider = { ...letter, kind: 'provider' as const, type: 'google' };
    const data = { ...letter, kind: 'data' as const };
    assert.equal(schemaText([data, letter, provider]), schemaText([letter, provider, data]));
    assert.deepEqual(
      schemaText([data, letter, provider])
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).kind),
      ['provider', 'resource', 'data'],
    );
  });

  it('refuses an accessor that it does not understand rather than leaving it out', () => {
    assert.throws(
      () =>
        readBindings(
          BINDINGS.replace("this.getStringAttribute('way')", 'this.conjure()').replace('_way?: string', '_way?: Odd'),
        ),
      /form that is not known here/,
    );
  });
});

// Facts of https://registry.terraform.io/providers/hashicorp/google/6.50.0/docs
describe('the schema that is kept', () => {
  const { provider, resource, data } = readSchema();

  it('knows a push subscription as its documentation does', () => {
    const { attributes, blocks } = resource.get('google_pubsub_subscription')!;
    assert.deepEqual(attributes['topic'], { type: 'string', required: true });
    assert.deepEqual(attributes['ack_deadline_seconds'], { type: 'number', optional: true, computed: true });
    assert.equal(blocks['push_config']!.max, 1);
    assert.deepEqual(blocks['push_config']!.block.attributes['push_endpoint'], { type: 'string', required: true });
    assert.deepEqual(blocks['push_config']!.block.blocks['oidc_token']!.block.attributes['service_account_email'], {
      type: 'string',
      required: true,
    });
  });

  it('knows which values a function takes for its ingress', () => {
    const { blocks } = resource.get('google_cloudfunctions2_function')!;
    assert.deepEqual(blocks['service_config']!.block.attributes['ingress_settings']!.values, [
      'ALLOW_ALL',
      'ALLOW_INTERNAL_ONLY',
      'ALLOW_INTERNAL_AND_GCLB',
    ]);
  });

  it('knows a required block: a budget has an amount, a ruleset a source', () => {
    assert.equal(resource.get('google_billing_budget')!.blocks['amount']!.min, 1);
    assert.equal(resource.get('google_firebaserules_ruleset')!.blocks['source']!.min, 1);
  });

  it('knows a set from a list: rules of Cloud Armor have no order of their own', () => {
    assert.equal(resource.get('google_compute_security_policy')!.blocks['rule']!.nesting, 'set');
    assert.equal(resource.get('google_storage_bucket')!.blocks['lifecycle_rule']!.nesting, 'list');
  });

  it('knows the provider itself and the data sources', () => {
    assert.deepEqual(provider.attributes['project'], { type: 'string', optional: true });
    assert.deepEqual(data.get('google_project')!.attributes['number'], { type: 'string', computed: true });
  });
});
