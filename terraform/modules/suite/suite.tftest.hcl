# The table is data; these are the promises that a wrong line in it would break.

variables {
  project = "tallystick-test-eu"
}

run "functions_are_the_folders_under_functions" {
  command = plan

  assert {
    condition     = toset(keys(output.functions)) == toset([for file in fileset("${path.module}/../../../functions", "*/index.ts") : dirname(file)])
    error_message = "The table and the folders under functions/ differ."
  }
  assert {
    condition     = length(output.functions) >= 7
    error_message = "Functions were lost from the table."
  }
}

run "every_function_has_an_account_of_its_own" {
  command = plan

  assert {
    condition     = length(distinct(values(output.function_accounts))) == length(output.functions)
    error_message = "Two functions share a service account."
  }
  assert {
    condition     = alltrue([for id in concat(values(output.function_accounts), values(output.other_accounts)) : can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", id))])
    error_message = "An account id is 6 to 30 characters of a-z, 0-9 and -."
  }
  assert {
    condition     = length(setintersection(values(output.function_accounts), values(output.other_accounts))) == 0
    error_message = "A function runs as an account that calls, builds or deploys functions."
  }
}

run "push_waits_as_long_as_the_function_may_take" {
  command = plan

  assert {
    condition = alltrue([
      for subscription in values(output.subscriptions) :
      subscription.ack_deadline_seconds >= output.functions[subscription.function].timeout_seconds
      && subscription.ack_deadline_seconds <= 600
    ])
    error_message = "A subscription would redeliver while its function still works, or waits longer than Pub/Sub allows (600 s)."
  }
}

run "the_scheduler_waits_as_long_as_the_handler_works" {
  command = plan

  assert {
    condition = alltrue([
      for job in values(output.jobs) :
      job.attempt_deadline_seconds >= job.handler_seconds
      && job.attempt_deadline_seconds >= 15
      && job.attempt_deadline_seconds <= 1800
      && job.handler_seconds <= output.functions[job.function].timeout_seconds
    ])
    error_message = "A job's deadline is shorter than its handler, or outside 15 s to 30 min."
  }
  assert {
    condition     = output.jobs["sweep"].handler_seconds >= 60
    error_message = "The sweep passes every 10 s inside its minute."
  }
  assert {
    condition     = output.jobs["retire"].handler_seconds >= tonumber(regex("CALL_SECONDS = (\\d+)n", file("${path.module}/../../../functions/reconcile-chain/retire.ts"))[0]) + 60
    error_message = "Retirement works for CALL_SECONDS and may be in the middle of a commit then."
  }
}

run "only_the_public_edge_is_public" {
  command = plan

  assert {
    condition     = toset([for name, function in output.functions : name if function.public]) == toset(["ingest", "api"])
    error_message = "The public edge is ingest and api, and nothing else."
  }
  assert {
    condition     = alltrue([for name, function in output.functions : length(output.callers[name]) == 0 if function.public])
    error_message = "A public function has no internal routes."
  }
  assert {
    condition     = alltrue([for name, function in output.functions : length(output.callers[name]) > 0 if !function.public])
    error_message = "A function that nobody may call."
  }
  assert {
    condition     = toset(output.callers["seal-ledger"]) == toset(["pubsub-push@tallystick-test-eu.iam.gserviceaccount.com", "scheduler-jobs@tallystick-test-eu.iam.gserviceaccount.com"])
    error_message = "seal-ledger is called by Pub/Sub and by the scheduler."
  }
  assert {
    condition     = join(",", output.callers["sign-receipts"]) == "pubsub-push@tallystick-test-eu.iam.gserviceaccount.com"
    error_message = "sign-receipts is called by Pub/Sub alone."
  }
}

run "privileges_follow_the_work" {
  command = plan

  assert {
    condition     = [for name, function in output.functions : name if contains(function.signs, "checkpoint")] == ["seal-ledger"]
    error_message = "Only the sealer signs checkpoints."
  }
  assert {
    condition     = toset([for name, function in output.functions : name if contains(function.signs, "evidence")]) == toset(["archive-period", "reconcile-chain"])
    error_message = "Evidence is signed by archive-period and reconcile-chain."
  }
  assert {
    condition     = alltrue([for function in values(output.functions) : length(function.signs) == 0 && !function.vault_create if function.public])
    error_message = "What the internet reaches neither signs nor writes the archive."
  }
  assert {
    condition     = alltrue([for function in values(output.functions) : function.vault_read if function.vault_create])
    error_message = "Whoever creates in the vault compares a refused creation with what is there."
  }
  assert {
    condition     = alltrue([for function in values(output.functions) : !contains(function.publishes, "usage-accepted") && !contains(function.publishes, "ledger-sealed") if function.firestore == "write" && function.public])
    error_message = "The API rings for what it bills itself, and for nothing else."
  }
  assert {
    condition     = { for name, function in output.functions : name => function.secrets if length(function.secrets) > 0 } == { api = ["CURSOR_KEY"] }
    error_message = "The one secret is the key of list cursors, and lists are the API's."
  }
  assert {
    condition     = alltrue(flatten([for function in values(output.functions) : [for variable in function.secrets : contains(keys(output.names.secrets), variable) && strcontains(file("${path.module}/../../../shared/edge/config.ts"), "name: '${variable}',")]]))
    error_message = "A secret has no name, or nobody reads it."
  }
  assert {
    condition     = alltrue(flatten([for function in values(output.functions) : [for topic in function.publishes : contains(keys(output.topics), topic)]]))
    error_message = "A function publishes to a topic that is not there."
  }
}

# functions/<name>/index.ts names the ports that a function opens, and a function reaches nothing else.
run "privileges_are_the_ports_that_a_function_opens" {
  command = plan

  assert {
    condition     = alltrue([for name, function in output.functions : strcontains(file("${path.module}/../../../functions/${name}/index.ts"), "bus: openBus") == (length(function.publishes) > 0)])
    error_message = "A function publishes without a bus, or opens one without publishing."
  }
  assert {
    condition     = alltrue([for name, function in output.functions : strcontains(file("${path.module}/../../../functions/${name}/index.ts"), "vault: openVault") == function.vault_read])
    error_message = "A function opens the vault without the right to, or has the right without opening it."
  }
  assert {
    condition     = alltrue([for name, function in output.functions : strcontains(file("${path.module}/../../../functions/${name}/index.ts"), "signer: openSigner") == (length(function.signs) > 0)])
    error_message = "A function opens the signer without the right to, or has the right without opening it."
  }
  assert {
    condition     = alltrue([for name, function in output.functions : strcontains(file("${path.module}/../../../functions/${name}/index.ts"), "wrapper: openWrapper") == function.unwraps])
    error_message = "A function opens personal data without the right to, or has the right without opening it."
  }
  assert {
    condition     = alltrue([for name, function in output.functions : can(regex("open(Mirror|Projections)\\b", file("${path.module}/../../../functions/${name}/index.ts"))) == (function.firestore == "write")])
    error_message = "A function opens Firestore without the right to, or has the right without opening it."
  }
}

run "every_doorbell_is_answered" {
  command = plan

  assert {
    condition     = toset(values(output.subscriptions)[*].topic) == toset(keys(output.topics))
    error_message = "A topic without a subscription, or the reverse."
  }
  assert {
    condition     = alltrue([for topic in keys(output.topics) : anytrue([for function in values(output.functions) : contains(function.publishes, topic)])])
    error_message = "A topic that nobody publishes to."
  }
  assert {
    condition = alltrue([
      for name, subscription in output.subscriptions :
      strcontains(file("${path.module}/../../../shared/domain/messages.ts"), "name: '${name}', topic: TOPICS.")
    ])
    error_message = "A subscription is called otherwise in shared/domain/messages.ts."
  }
  assert {
    condition     = length(regexall("\\{ name: '[a-z-]+', topic: TOPICS\\.", file("${path.module}/../../../shared/domain/messages.ts"))) == length(output.subscriptions)
    error_message = "shared/domain/messages.ts has another number of subscriptions."
  }
  assert {
    condition     = alltrue([for topic in keys(output.topics) : strcontains(file("${path.module}/../../../shared/domain/messages.ts"), "'${topic}',")])
    error_message = "A topic is called otherwise in shared/domain/messages.ts."
  }
}

run "a_project_id_is_checked" {
  command = plan

  variables {
    project = "Tallystick_EU"
  }

  expect_failures = [var.project]
}
