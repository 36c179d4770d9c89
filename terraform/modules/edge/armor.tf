# Cloud Armor, in the order of the rules' numbers: what looks like an attack is refused, then each key and each address gets
# its share. The code has limits of its own; these keep a flood from reaching it.

locals {
  # OWASP Core Rule Set 3.3 as Google maintains it, at the level with the fewest false alarms: bodies are JSON with names
  # and quantities.
  waf_rules = {
    1000 = "sqli-v33-stable"
    1010 = "xss-v33-stable"
    1020 = "lfi-v33-stable"
    1030 = "rfi-v33-stable"
    1040 = "rce-v33-stable"
    1050 = "protocolattack-v33-stable"
    1060 = "scannerdetection-v33-stable"
    1070 = "sessionfixation-v33-stable"
    1080 = "nodejs-v33-stable"
    1090 = "cve-canary"
  }
}

resource "google_compute_security_policy" "edge" {
  project     = var.project
  name        = "tallystick"
  description = "What reaches ingest and api."
  type        = "CLOUD_ARMOR"

  adaptive_protection_config {
    layer_7_ddos_defense_config {
      enable          = true
      rule_visibility = "STANDARD"
    }
  }

  advanced_options_config {
    json_parsing = "STANDARD"
    log_level    = "NORMAL"
  }

  dynamic "rule" {
    for_each = local.waf_rules

    content {
      priority    = rule.key
      action      = "deny(403)"
      description = rule.value

      match {
        expr {
          expression = "evaluatePreconfiguredWaf('${rule.value}', {'sensitivity': 1})"
        }
      }
    }
  }

  rule {
    priority    = 2000
    action      = "throttle"
    description = "each key its share"

    match {
      expr {
        expression = "has(request.headers['authorization'])"
      }
    }

    rate_limit_options {
      conform_action      = "allow"
      exceed_action       = "deny(429)"
      enforce_on_key      = "HTTP_HEADER"
      enforce_on_key_name = "Authorization"

      rate_limit_threshold {
        count        = var.requests_per_key_and_minute
        interval_sec = 60
      }
    }
  }

  rule {
    priority    = 2100
    action      = "throttle"
    description = "each address its share of what needs no key"

    match {
      versioned_expr = "SRC_IPS_V1"

      config {
        src_ip_ranges = ["*"]
      }
    }

    rate_limit_options {
      conform_action = "allow"
      exceed_action  = "deny(429)"
      enforce_on_key = "IP"

      rate_limit_threshold {
        count        = var.requests_per_address_and_minute
        interval_sec = 60
      }
    }
  }

  # Every policy ends with this one; the rule before it has matched already.
  rule {
    priority    = 2147483647
    action      = "deny(403)"
    description = "nothing else"

    match {
      versioned_expr = "SRC_IPS_V1"

      config {
        src_ip_ranges = ["*"]
      }
    }
  }
}
