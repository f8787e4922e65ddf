/// Every command, in the order of help.
package let allCommands: [CommandSpec] =
    KeyCommands.all + MigrateCommands.all + BootstrapCommand.all + TenantCommands.all + TenancyCommands.all
    + DeletionCommands.all + CommissionCommands.all
    + NASCommands.all
    + NASPostureCommands.all + DeviceCommands.all + DeviceOperationCommands.all + PlanCommands.all
    + PlanSpeedCommands.all + ProfileCommands.all
    + ReplyAttributeCommands.all
    + CustomerCommands.all + ServiceCommands.all + ImportCommand.all + PoolCommands.all + AddressCommands.all
    + ProvisionCommands.all
    + SessionCommands.all + NotifyCommands.all + WebhookCommands.all
    + EnforcementCommands.all + BreakerCommands.all + TailCommand.all + ExplainCommands.all
    + AuditCommands.all + LedgerCommands.all + ExposureCommands.all + DeadLetterCommands.all + DictionaryCommand.all
    + DoctorCommand.all
