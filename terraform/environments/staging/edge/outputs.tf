output "addresses" {
  description = "What the host's A and AAAA records say."
  value       = module.edge.addresses
}

output "serving" {
  description = "Locations that stand behind the address."
  value       = module.edge.locations
}
