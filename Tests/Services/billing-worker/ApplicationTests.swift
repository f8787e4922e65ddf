import BillingWorker
import Testing

struct ApplicationTests {
    @Test func itsPortIsItsOwn() {
        #expect(Application.adminPort == 9_104)
    }
}
