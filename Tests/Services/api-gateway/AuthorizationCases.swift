/// Who may call what, written down a second time: a route that is added, or whose guard changes, fails here until somebody has
/// thought about it. `open`, `self`, or the permissions that are needed.
enum AuthorizationCases {
    static let table = """
        login open
        refresh open
        browserLogin open
        browserRefresh open
        browserLogout open
        getPage open
        getAsset open
        streamEvents tail.read
        openRealtimeSocket tail.read
        openMySocket self
        logout self
        logoutEverywhere self
        requestPasswordReset open
        resetPassword open
        verifyEmail open
        getSigningKeys open
        getMe self
        renameMe self
        listMySessions self
        endMySession self
        changePassword self
        requestEmailVerification self
        enrolTOTP self
        confirmTOTP self
        renewRecoveryCodes self
        disableTOTP self
        sendLoginCode open
        getMySecondFactors self
        enrolCodes self
        confirmCodes self
        disableCodes self
        listUsers users.read
        getUser users.read
        exportUsers users.read exports.create
        createUser users.create
        updateUser users.update
        deleteUser users.delete
        inviteUser users.secure
        unlockUser users.secure
        removeUserTOTP users.secure
        listUserSessions users.secure
        endUserSessions users.secure
        listRoles roles.read
        listTenants tenants.read
        getTenant tenants.read
        createTenant tenants.create
        updateTenant tenants.update
        suspendTenant tenants.suspend
        resumeTenant tenants.suspend
        requestTenantDeletion tenants.delete
        cancelTenantDeletion tenants.delete
        getTenantSettings settings.read
        setTenantSettings settings.update
        getTenantLicence tenants.read
        setTenantLicence tenants.license
        getTenantPartner tenants.read
        setTenantPartner tenants.license
        getTenantUsage tenants.read
        getBranding open
        listProjects usage.read
        getProject usage.read
        getProjectUsage usage.read
        createProject settings.update
        updateProject settings.update
        deleteProject settings.update
        recordProjectTraffic settings.update
        setProjectStorage settings.update
        getMeteringSummary usage.read
        checkMeteringLimits usage.read
        getMeteringPlan usage.read
        setMeteringPlan tenants.license
        getTenantCommission billing.read
        setTenantCommission tenants.license
        listTenantCommissionRates billing.read
        previewTenantCommission billing.read
        listTenantCommissions billing.read
        getTenantCommissionTotals billing.read
        getTenantCommissionSummary billing.read
        createPayoutRequest payments.create
        listPayoutRequests payments.read
        getPayoutRequest payments.read
        approvePayoutRequest billing.manage
        rejectPayoutRequest billing.manage
        cancelPayoutRequest payments.create
        listAPIKeys self
        getAPIKey self
        exportAPIKeys api_keys.read exports.create
        createAPIKey api_keys.create
        rotateAPIKey api_keys.create
        revokeAPIKey self
        listCustomers customers.read
        getCustomer customers.read
        exportCustomers customers.read exports.create
        createCustomer customers.create
        updateCustomer customers.update
        deleteCustomer customers.delete
        restoreCustomer customers.delete
        getCustomerStatistics customers.read
        listCustomerNotes customers.read
        addCustomerNote customers.update
        listCustomerContacts customers.read
        addCustomerContact customers.update
        updateCustomerContact customers.update
        deleteCustomerContact customers.update
        listServiceChanges services.read
        exportCustomerNotes customers.read exports.create
        exportServiceChanges services.read exports.create
        importCustomers customers.import
        exportPersonalData personal_data.export
        getErasurePreview personal_data.erase
        eraseCustomer personal_data.erase
        listServicePlans plans.read
        getServicePlan plans.read
        exportServicePlans plans.read exports.create
        createServicePlan plans.create
        updateServicePlan plans.update
        deleteServicePlan plans.delete
        getServicePlanAdvancedSettings plans.read
        setServicePlanAdvancedSettings plans.update
        getServicePlanQuotas plans.read
        setServicePlanQuotas plans.update
        getServiceQuota usage.read
        listMyQuota usage.read
        topUpServiceQuota billing.manage
        listBandwidthProfiles profiles.read
        getBandwidthProfile profiles.read
        exportBandwidthProfiles profiles.read exports.create
        createBandwidthProfile profiles.create
        updateBandwidthProfile profiles.update
        deleteBandwidthProfile profiles.delete
        listServices services.read
        getService services.read
        exportServices services.read exports.create
        createService services.create
        updateService services.update
        deleteService services.delete
        listSubscribers services.read
        suspendSubscriber services.update
        resumeSubscriber services.update
        changeSubscriberPlan radius.change_plan
        resetSubscriberDevice services.update
        createSubscriber customers.create services.create credentials.rotate
        createRadiusSubscriber services.create credentials.rotate
        getCredentials services.read
        generateCredentials credentials.rotate
        rotateCredentials credentials.rotate
        revealCredentials credentials.reveal
        setCredentials credentials.rotate
        removeCredentials services.update
        listNASes nas.read
        getNAS nas.read
        exportNASes nas.read exports.create
        createNAS nas.create
        updateNAS nas.update
        deleteNAS nas.delete
        replaceNASSecret nas.update nas.reveal_secret
        getNASSnippet nas.read nas.reveal_secret
        listDevices devices.read
        getDevice devices.read
        exportDevices devices.read exports.create
        createDevice devices.create
        updateDevice devices.update
        deleteDevice devices.delete
        listDeviceOperations devices.read
        syncDevice devices.update
        retryDeviceOperation devices.update
        listWebhooks webhooks.read
        getWebhook webhooks.read
        createWebhook webhooks.manage
        updateWebhook webhooks.manage
        deleteWebhook webhooks.manage
        rotateWebhookSecret webhooks.manage
        enableWebhook webhooks.manage
        testWebhook webhooks.manage
        listWebhookDeliveries webhooks.read
        getWebhookDelivery webhooks.read
        redeliverWebhook webhooks.manage
        replayWebhook webhooks.manage
        listWebhookReplays webhooks.read
        getWebhookReplay webhooks.read
        cancelWebhookReplay webhooks.manage
        listAddressPools pools.read
        getAddressPool pools.read
        exportAddressPools pools.read exports.create
        createAddressPool pools.create
        updateAddressPool pools.update
        deleteAddressPool pools.delete
        listLeases leases.read
        exportLeases leases.read exports.create
        listAddressHolders leases.read
        allocateAddress ipam.allocate
        releaseAddress ipam.release
        releaseLease ipam.release
        listSessions sessions.read
        getSession sessions.read
        exportSessions sessions.read exports.create
        disconnectSession radius.disconnect
        reconcileSession radius.change_plan
        listEnforcements sessions.read
        getEnforcement sessions.read
        listSessionEnforcements sessions.read
        listServiceEnforcements sessions.read services.read
        getNASCapabilities nas.read
        forgetNASCapabilities nas.update
        getNASBreaker nas.read
        resetNASBreaker nas.update
        releaseNASBrake nas.update
        listUsage usage.read
        exportUsage usage.read exports.create
        getSubscriberUsage usage.read
        getSubscriberUsageHours usage.read
        listOperations sessions.read
        getOperation sessions.read
        explainLogin explain.read
        listAuditLogs audit.read
        getAuditLog audit.read
        exportAuditLogs audit.read exports.create
        listDeadLetters dead_letters.read
        getDeadLetter dead_letters.read
        exportDeadLetters dead_letters.read exports.create
        replayDeadLetter dead_letters.replay
        createExport exports.create
        listExports exports.read
        getExport exports.read
        cancelExport exports.create
        getExportFile exports.read
        listWallets billing.read
        getWallet billing.read
        listWalletTransactions billing.read
        getCustomerWallets billing.read
        getMyWallets billing.read
        listMyTransactions billing.read
        getTransaction billing.read
        getLedgerVerification billing.read
        listLedgerExposures billing.read
        debitCustomer billing.manage
        holdFunds billing.manage
        captureHold billing.manage
        releaseHold billing.manage
        refundTransaction billing.manage
        reverseTransaction billing.manage
        listPayments payments.read
        getPayment payments.read
        topUpCustomer payments.create customers.update
        createPayment payments.create customers.update
        completePayment payments.create customers.update
        failPayment payments.create customers.update
        cancelPayment payments.create customers.update
        refundPayment payments.create customers.update
        listCashShifts billing.manage
        getCashShift billing.manage
        getCurrentCashShift payments.create customers.update
        openCashShift payments.create customers.update
        closeCashShift payments.create customers.update
        listAdjustments billing.manage
        getAdjustment billing.manage
        requestAdjustment billing.manage
        approveAdjustment billing.manage
        rejectAdjustment billing.manage
        withdrawAdjustment billing.manage
        listConversions billing.read
        getConversion billing.read
        convertCustomerMoney billing.manage
        activateService services.update
        suspendService services.update
        resumeService services.update
        upgradeService services.update
        downgradeService services.update
        terminateService services.update
        getServiceLifecycleStatus services.read
        listServiceLifecycleRuns services.read
        getServiceLifecycleRun services.read
        listSubscriptions billing.read
        listMySubscriptions billing.read
        getSubscription billing.read
        createSubscription billing.manage
        quoteSubscriptionChange billing.read
        activateSubscription billing.manage
        changeSubscription billing.manage
        keepSubscription billing.manage
        pauseSubscription billing.manage
        resumeSubscription billing.manage
        promiseSubscriptionPayment billing.manage
        cancelSubscription billing.manage
        listBills billing.read
        listMyBills billing.read
        getBill billing.read
        settleBill billing.manage
        listBoosts billing.read
        listMyBoosts billing.read
        getBoost billing.read
        quoteBoost billing.read
        requestBoost payments.create
        approveBoost billing.manage
        rejectBoost billing.manage
        cancelBoost payments.create
        listNoticeProviders notices.read
        createNoticeProvider notices.manage
        getNoticeProvider notices.read
        updateNoticeProvider notices.manage
        deleteNoticeProvider notices.manage
        testNoticeProvider notices.send
        listNoticeRules notices.read
        setNoticeRule notices.manage
        removeNoticeRule notices.manage
        listNoticeTemplates notices.read
        getNoticeTemplate notices.read
        listNoticeTemplateVersions notices.read
        setNoticeTemplate notices.manage
        revertNoticeTemplate notices.manage
        previewNoticeTemplate notices.read
        listNotices notices.read
        getNotice notices.read
        resendNotice notices.send
        cancelNotice notices.send
        listNoticeCampaigns notices.read
        createNoticeCampaign notices.manage
        getNoticeCampaign notices.read
        updateNoticeCampaign notices.manage
        previewNoticeCampaign notices.read
        startNoticeCampaign notices.send
        pauseNoticeCampaign notices.send
        resumeNoticeCampaign notices.send
        cancelNoticeCampaign notices.send
        getMyNoticePreferences self
        setMyNoticePreferences self
        listMyNotices self
        countMyUnreadNotices self
        readMyNotice self
        readMyNotices self
        listMyPushDevices self
        registerMyPushDevice self
        removeMyPushDevice self
        getCustomerNoticePreferences customers.read
        setCustomerNoticePreferences customers.update
        listNoticeSuppressions notices.read
        suppressNoticeAddress notices.manage
        allowNoticeAddress notices.manage
        askToUnsubscribe open
        unsubscribe open
        tellNoticeProvider open
        tellNoticeProviderByQuery open
        queryGraphQL self
        postGraphQL self
        getGraphQLSchema self
        getOpenAPI open
        """

    static let cases: [String: Set<String>] = Dictionary(
        uniqueKeysWithValues: table.split(separator: "\n").map { line in
            let words = line.split(separator: " ").map(String.init)
            return (words[0], Set(words.dropFirst()))
        }
    )
}
