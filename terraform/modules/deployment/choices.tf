# What functions are told and an environment may want otherwise. The defaults are those of shared/edge/config.ts, a test compares
# them: written out, a plan shows what is in force. Nothing here is secret, and nothing here differs between the stacks of an
# environment.

locals {
  defaults = {
    # Minor units; an organization may have a limit of its own.
    APPROVAL_LIMIT = "100000"

    # Whose JWTs are taken beside API keys. Without an issuer none is.
    JWT_ISSUER             = ""
    JWT_AUDIENCE           = ""
    JWT_JWKS_URL           = ""
    JWT_ROLE_CLAIM         = "role"
    JWT_ORGANIZATION_CLAIM = "tenant"
    JWT_REGION_CLAIM       = "region"
    JWT_MAX_AGE_SECONDS    = "3600"

    # Requests per second of one organization to one instance, and at once after a pause. Cloud Armor counts before them.
    RATE_PER_SECOND       = "100"
    RATE_BURST            = "200"
    USAGE_RATE_PER_SECOND = "1000"
    USAGE_RATE_BURST      = "2000"

    # Wrong credentials of one address.
    GUESSES_PER_SECOND = "1"
    GUESSES_BURST      = "20"

    USAGE_MINUTES_DAYS = "40"
    USAGE_SUMMARY_DAYS = "400"

    # Who issues the invoices, as JSON; who decides taxes in place of our tables; where VAT ids are looked up.
    SELLER         = ""
    TAX_ENGINE_URL = ""
    VIES_URL       = ""
  }

  # One that is empty is not told: the code takes that for none.
  chosen = { for name, value in merge(local.defaults, var.settings.variables) : name => value if value != "" }
}
