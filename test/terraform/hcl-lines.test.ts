import assert from 'node:assert/strict';
import { lineOf, linesOf } from '../../scripts/check-terraform/hcl-lines.ts';

const TEXT = `# a comment with a { bracket
resource "google_letter" "main" {
  for_each = { for name in ["a", "b"] : name => name }
  text     = <<-EOT
    stamp {
      cents = 1
    }
  EOT

  labels = {
    "to-whom" = "a } in a text" # and a { in a comment
  }

  stamp {
    cents = 70
  }

  dynamic "seal" {
    for_each = [1]

    content {
      color = "red"
    }
  }

  stamp {
    cents = 80
  }
}
`;

describe('where something is written down', () => {
  const lines = linesOf(TEXT);
  const HEAD = ['resource', 'google_letter', 'main'];

  for (const [says, path, occurrence, line] of [
    ['the block itself', [], 0, 2],
    ['an argument', ['for_each'], 0, 3],
    ['a key of a map, quoted', ['labels', 'to-whom'], 0, 11],
    ['an argument of a block; what a heredoc looks like does not count', ['stamp', 'cents'], 0, 15],
    ['the same of the second block', ['stamp', 'cents'], 1, 27],
    ['an argument inside a dynamic block', ['seal', 'color'], 0, 22],
    ['what is not written down: the block where it would be', ['stamp', 'currency'], 0, 14],
    ['a block that is not there: the resource', ['envelope', 'size'], 0, 2],
  ] satisfies readonly [string, string[], number, number][])
    it(`${says}: line ${line}`, () => assert.equal(lineOf(lines, HEAD, path, occurrence), line));
});
