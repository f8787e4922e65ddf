import Domain
import Lifecycle
import Notices
import Observability
import Persistence
import SharedTesting
import Synchronization
import Testing

@testable import Notifier

@Suite(.proves("NTF-10")) struct NoticePlacesTests {
    private static func notice(_ tenant: UInt64, _ number: UInt64) -> ClaimedNotice {
        ClaimedNotice(
            tenantID: TenantID(UUID128(high: 1, low: tenant)),
            id: NoticeID(UUID128(high: 4, low: number)),
            kind: NoticeKind.accountLocked.rawValue,
            channel: "email",
            recipientID: UUID128(high: 2, low: 2),
            createdAt: Timestamp(secondsSince1970: 1_795_167_000),
            expiresAt: Timestamp(secondsSince1970: 1_795_967_000)
        )
    }

    @Test func `what somebody waits for has places that nothing else takes`() {
        let places = NoticePlaces(16)
        #expect(places.share.limits == [16, 14, 12, 12] && places.share.without.isEmpty && places.isFree)
        for number in 0..<13 { places.take(Self.notice(UInt64(number), UInt64(number))) }
        #expect(places.share.limits == [3, 1, 0, 0] && !places.isFree)
        for number in 0..<13 { places.leave(Self.notice(UInt64(number), UInt64(number))) }
        #expect(places.share.limits == [16, 14, 12, 12] && places.isFree)
    }

    @Test func `no tenant has more than half of the places`() {
        let places = NoticePlaces(5)
        for number in 0..<3 { places.take(Self.notice(7, UInt64(number))) }
        #expect(places.share.without == [TenantID(UUID128(high: 1, low: 7))])
        places.leave(Self.notice(7, 0))
        #expect(places.share.without.isEmpty)
        // One place is everybody's.
        let single = NoticePlaces(1)
        #expect(single.share.limits == [1, 1, 1, 1])
    }

    @Test(.proves("PLT-25")) func `no tenant's receivers have more than half of the webhooks' places`() {
        func ref(_ tenant: UInt64, _ number: UInt64) -> WebhookRef {
            WebhookRef(
                tenantID: TenantID(UUID128(high: 1, low: tenant)),
                id: WebhookEndpointID(UUID128(high: 5, low: number))
            )
        }
        let busy = WebhookService.Busy(places: 4)
        #expect(busy.begin(ref(1, 1)) && !busy.begin(ref(1, 1)) && busy.begin(ref(1, 2)))
        #expect(!busy.begin(ref(1, 3)) && busy.begin(ref(2, 1)) && busy.count == 3)
        busy.end(ref(1, 1))
        #expect(busy.begin(ref(1, 3)) && busy.count == 3)
    }
}
