# What one may not get wrong when a stack is added or changed.

variables {
  residency = "eu"
}

run "no_two_stacks_share_a_ledger_a_project_or_an_address" {
  command = plan

  assert {
    condition = alltrue([
      for field in ["project", "host", "ledger_origin", "invoice_prefix"] :
      length(distinct([for stack in values(output.all) : stack[field]])) == length(output.all)
    ])
    error_message = "Two residency regions share a project, a host, a ledger's name or invoice numbers."
  }
  assert {
    condition     = length(distinct(flatten([for stack in values(output.all) : keys(stack.locations)]))) == length(flatten([for stack in values(output.all) : keys(stack.locations)]))
    error_message = "Two residency regions run in one location."
  }
  assert {
    condition     = toset(keys(output.all)) == toset(["us", "eu", "apac"])
    error_message = "Data resides in the US, the EU or Asia-Pacific."
  }
  assert {
    condition     = output.endpoints == { for residency, stack in output.all : residency => "https://${stack.host}" }
    error_message = "A region would send customers to another address than it answers at."
  }
}

run "two_locations_serve_and_a_third_waits" {
  command = plan

  assert {
    condition = alltrue([
      for stack in values(output.all) :
      length([for location in values(stack.locations) : location if location.role == "primary"]) == 1
      && length([for location in values(stack.locations) : location if location.role == "active"]) == 1
      && length([for location in values(stack.locations) : location if location.role == "standby"]) == 1
    ])
    error_message = "A stack has a primary, an active and a standby location."
  }
  assert {
    condition     = alltrue([for stack in values(output.all) : stack.locations[stack.spanner.leader].role == "primary"])
    error_message = "Doorbells are answered where Spanner's leader is."
  }
  assert {
    condition = alltrue(flatten([
      for stack in values(output.all) : [
        for place in stack.vault.data_locations : contains([for location, settings in stack.locations : upper(location) if settings.role != "standby"], place)
      ]
    ]))
    error_message = "The archive lies where the stack serves."
  }
}

run "data_stays_on_its_continent" {
  command = plan

  assert {
    condition = alltrue([
      for residency, start in { us = "us-", eu = "europe-", apac = "asia-" } :
      alltrue([for location, settings in output.all[residency].locations : startswith(location, start) && startswith(settings.scheduler, start)])
    ])
    error_message = "A function or its jobs lie on another continent than the data."
  }
  assert {
    condition = alltrue([
      for residency, continent in { us = "US", eu = "EU", apac = "ASIA" } :
      output.all[residency].vault.location == continent && alltrue([for place in output.all[residency].vault.data_locations : startswith(place, { US = "US-", EU = "EUROPE-", ASIA = "ASIA-" }[continent])])
    ])
    error_message = "The archive lies on another continent."
  }
}

run "every_stack_survives_the_loss_of_a_region" {
  command = plan

  assert {
    condition     = alltrue([for stack in values(output.all) : !startswith(stack.spanner.config, "regional-") && stack.spanner.edition == "ENTERPRISE_PLUS"])
    error_message = "In production the book of record lies in more than one region."
  }
}

run "instances_are_four_to_a_hundred_and_no_request_waits_for_a_transaction" {
  command = plan

  assert {
    condition     = alltrue([for name, size in output.sizes : size.instances_min >= (contains(["ingest", "api", "sign-receipts"], name) ? 2 : contains(["seal-ledger", "reconcile-chain"], name) ? 1 : 0) && size.instances_max <= 100])
    error_message = "A serving location keeps two instances of what somebody waits for, one of what each minute needs, and allows a hundred."
  }
  assert {
    condition     = alltrue([for size in values(output.sizes) : size.concurrency <= size.transactions_max])
    error_message = "An instance takes more requests than it may have transactions."
  }
}

run "settings_are_what_the_code_takes" {
  command = plan

  assert {
    condition     = can(regex("^[a-z][a-z0-9]{0,15}$", output.environment)) && alltrue([for residency in keys(output.all) : can(regex("^[a-z]{2,8}$", residency))])
    error_message = "shared/edge/config.ts would refuse the environment's or a region's name."
  }
  assert {
    condition     = alltrue([for stack in values(output.all) : can(regex("^[A-Z][A-Z0-9-]{0,11}$", stack.invoice_prefix)) && can(regex("^[a-z0-9][a-z0-9.-]{0,62}(/[a-z0-9][a-z0-9.-]{0,30}){0,4}$", stack.ledger_origin))])
    error_message = "shared/edge/config.ts would refuse an invoice prefix or a ledger's name."
  }
}

run "production_is_locked" {
  command = plan

  assert {
    condition     = output.locks.vault && output.locks.audit
    error_message = "In production archive and audit trail are locked."
  }
  assert {
    condition     = output.guard_rails != "off"
    error_message = "In production guard rails are on, or at least listened to."
  }
}

run "each_stack_can_be_chosen" {
  command = plan

  variables {
    residency = "apac"
  }

  assert {
    condition     = output.this == output.all["apac"] && output.labels.residency == "apac"
    error_message = "Another stack would be applied than was asked for."
  }
}

run "every_stack_has_its_own_state" {
  command = plan

  assert {
    condition     = alltrue([for residency in keys(output.all) : strcontains(file("${path.module}/${residency}.tfbackend"), "\"tallystick-${output.environment}-${residency}-state\"")])
    error_message = "A stack's state lies in another's bucket."
  }
}

run "a_region_that_is_not_there_is_refused" {
  command = plan

  variables {
    residency = "mars"
  }

  expect_failures = [var.residency]
}
